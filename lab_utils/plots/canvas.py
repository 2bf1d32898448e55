"""A sheet to draw on, in the one visual language of the series.

Every mark means the same in every picture: a thin tick is a token, a thick one the
first, a dot a `/health` ping answered at once, a line one that waits, a hollow diamond
a guess.
"""

from collections.abc import Mapping

from lab_utils.plots.axis import Axis
from lab_utils.plots.guess import Guess
from lab_utils.plots.text import SMALL, TEXT, safe, width_of
from lab_utils.plots.theme import LIGHT, MARKS, variables

WIDE, NARROW = 820, 520
"""The widths, in pixels, that every picture is drawn at; the page shows what fits."""

BESIDE = 700
"""From this width on there is room for names beside what is drawn."""

LINE = 21
"""From one line of text to the next, in pixels."""

Marks = list[tuple[float, float, float, float]]
"""Straight lines: x1, y1, x2, y2."""


class Canvas:
    """An SVG of `width` × `height` pixels that is being drawn.

    Each method draws one mark. kind: what it means, one or more of the names in
    `theme.MARKS` ("token", "first", "alive", "late", "soft", "rule", …), separated by
    spaces. The legend sets the height of a picture that has one.
    """

    def __init__(self, width: float, height: float = 0) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []

    @property
    def narrow(self) -> bool:
        """Whether names have to stand above what is drawn."""
        return self.width < BESIDE

    def text(
        self, x: float, y: float, text: str, kind: str = "", *,
        size: float = TEXT, anchor: str = "start",
    ) -> None:
        """Write `text`; y is its base line, anchor is start, middle or end."""
        self._add(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" font-size="{size}" '
                  f'text-anchor="{anchor}">{safe(text)}</text>')

    def head(self, title: str, *notes: str) -> float:
        """The picture's title, with `notes` below it; nothing without a title. Returns
        the y below which there is room."""
        if not title:
            return 4.0
        self.text(0, 22, title, "bold", size=18 if self.narrow else 20)
        for at, note in enumerate(notes, 1):
            self.text(0, 22 + 24 * at, note, "soft", size=SMALL)
        return 34.0 + 24 * len(notes)

    def label(
        self, x: float, y: float, name: str, *details: str, kind: str = "bold"
    ) -> None:
        """The name of a part of the picture, with `details` in lines below it."""
        self.text(x, y, name, kind)
        for at, detail in enumerate(details, 1):
            self.text(x, y + LINE * at, detail, "soft", size=SMALL)

    def note(self, x: float, y: float, words: str) -> None:
        """Soft words above a mark, where a line may pass behind them."""
        self.rect(x, y - 18, width_of(words, size=SMALL), 24, "paper")
        self.text(x, y, words, "soft", size=SMALL)

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        """A straight line."""
        self.rows([(x1, y1, x2, y2)], kind)

    def rows(self, marks: Marks, kind: str) -> None:
        """Many straight lines at the price of one."""
        path = "".join(f"M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}" for a, b, c, d in marks)
        if path:
            self._add(f'<path d="{path}" class="{kind}"/>')

    def rect(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        """A filled rectangle."""
        self._add(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" '
                  f'height="{max(height, 0):.1f}" rx="2" class="{kind}"/>')

    def dot(self, x: float, y: float, kind: str, radius: float = 4.5) -> None:
        """A round mark."""
        self._add(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" '
                  f'class="fill {kind}"/>')

    def cross(self, x: float, y: float, kind: str, size: float = 5) -> None:
        """A ✕ : somebody left, or something never came."""
        self.rows([(x - size, y - size, x + size, y + size),
                   (x - size, y + size, x + size, y - size)], kind)

    def arrow(self, x: float, y: float, kind: str, size: float = 5) -> None:
        """An open arrow head that points right: it goes on."""
        self.rows([(x - size, y - size, x, y), (x - size, y + size, x, y)], kind)

    def guess(self, x: float, y: float, size: float = 9) -> None:
        """The hollow grey diamond: what the reader guessed."""
        self._add(f'<path d="M{x:.1f} {y - size:.1f}L{x + size:.1f} {y:.1f}'
                  f'L{x:.1f} {y + size:.1f}L{x - size:.1f} {y:.1f}Z" class="guess"/>')

    def hatch(self, x: float, y: float, width: float, height: float) -> None:
        """A hatched band: waiting, nothing here yet."""
        if width <= 0:
            return
        self.rect(x, y, width, height, "band")
        lines = []
        for start in range(0, int(width + height), 10):
            low, high = max(0, start - width), min(start, height)
            if high > low:
                lines.append((x + start - low, y + low, x + start - high, y + high))
        self.rows(lines, "hatch")

    def axis(
        self, axis: Axis, y: float, unit: str = "s", guess: Guess | None = None, *,
        whole: bool = False,
    ) -> None:
        """A horizontal axis with round numbers below it, and its unit at the end.

        guess: a diamond on it if its unit is a time; the axis is one of "s" or "ms".
        whole: with whole numbers only, and as many of them as there is room for.
        """
        self.line(axis.left, y, axis.right, y, "rule")
        about = max(2, int((axis.right - axis.left) / (44 if whole else 90)))
        for tick in axis.ticks(about):
            if not whole or tick == int(tick):
                x = axis.at(tick)
                self.line(x, y, x, y + 6, "rule")
                self.text(x, y + 24, f"{tick:g}", "soft", size=SMALL, anchor="middle")
        self.text(axis.right + 20, y + 24, unit, "soft", size=SMALL)
        if guess is not None and guess.seconds is not None:
            self.guess(axis.at(guess.seconds * (1e3 if unit == "ms" else 1)), y)

    def levels(self, across: Axis, up: Axis, marks: Mapping[float, str]) -> None:
        """Horizontal rules at the values of `up` in `marks`, with their names."""
        for value, words in marks.items():
            y = up.at(value)
            self.line(across.left, y, across.right, y, "rule")
            self.text(across.left - 8, y + 6, words, "soft", size=SMALL, anchor="end")

    def svg(self, title: str, description: str, *, static: bool = False) -> str:
        """The drawing as SVG text. static: with its own colours and background, for
        print and for pages without a theme."""
        style = f"svg.lab{{{variables(LIGHT, themed=False)}}}{MARKS}" if static else ""
        paper = '<rect width="100%" height="100%" class="paper"/>' if static else ""
        size = f' width="{self.width:g}" height="{self.height:g}"' if static else ""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="lab" role="img"{size} '
            f'viewBox="0 0 {self.width:g} {self.height:g}">'
            f"<title>{safe(title)}</title><desc>{safe(description)}</desc>"
            + (f"<style>{style}</style>" if style else "")
            + paper + "".join(self._parts) + "</svg>"
        )

    def _add(self, part: str) -> None:
        self._parts.append(part)
