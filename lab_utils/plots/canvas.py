"""A sheet to draw on, in the one visual language of the series.

Every mark means the same in every picture: a thin tick is a token, a thick one the
first, a dot a `/health` ping answered at once, a line one that waits, a hollow diamond
a guess. Each has a form and a colour of its own (Okabe and Ito's, which colour-blind
readers can tell apart). Colours are CSS variables and follow JupyterLab's theme.
"""

from html import escape
from math import floor, log10

WIDE, NARROW = 820, 520
"""The widths, in pixels, that every picture is drawn at; the page shows what fits."""

TEXT = 17
"""The size of most text, in pixels."""

LIGHT = {
    "ink": "#1f2328", "soft": "#59636e", "paper": "#ffffff", "band": "#eceff2",
    "rule": "#d1d5da", "token": "#0072B2", "first": "#b36b00", "alive": "#009E73",
    "late": "#D55E00", "guess": "#6e7781",
}
DARK = {
    "ink": "#e8eaed", "soft": "#a9b0b8", "paper": "#111111", "band": "#26292e",
    "rule": "#4a4f57", "token": "#56B4E9", "first": "#E69F00", "alive": "#2fc79a",
    "late": "#ff8a4c", "guess": "#a9b0b8",
}
JUPYTER = {
    "ink": "--jp-ui-font-color1", "soft": "--jp-ui-font-color2",
    "paper": "--jp-layout-color0", "band": "--jp-layout-color2",
    "rule": "--jp-border-color1",
}
"""Where a theme of JupyterLab says what these colours are, it decides."""


def variables(colours: dict[str, str], *, themed: bool) -> str:
    """The colours as CSS custom properties; themed: JupyterLab's own come first."""
    return "".join(
        f"--lab-{name}:"
        + (f"var({JUPYTER[name]},{value})" if themed and name in JUPYTER else value)
        + ";"
        for name, value in colours.items()
    )


MARKS = """
svg.lab{font-family:system-ui,'DejaVu Sans',sans-serif;
font-variant-numeric:tabular-nums}
.lab text{fill:var(--lab-ink)}
.lab .soft{fill:var(--lab-soft)} .lab .bold{font-weight:700}
.lab .mono{font-family:ui-monospace,'DejaVu Sans Mono',monospace;white-space:pre}
.lab .band{fill:var(--lab-band)} .lab .paper{fill:var(--lab-paper)}
.lab .rule{stroke:var(--lab-rule);stroke-width:1.5;fill:none}
.lab .now{stroke:var(--lab-soft);stroke-width:2;stroke-dasharray:5 4}
.lab .hatch{stroke:var(--lab-rule);stroke-width:1.5}
.lab .guess{stroke:var(--lab-guess);stroke-width:2.5;fill:var(--lab-paper)}
.lab .token{stroke:var(--lab-token);stroke-width:2.5}
.lab .first{stroke:var(--lab-first);stroke-width:4}
.lab .alive{stroke:var(--lab-alive);stroke-width:2.5}
.lab .late{stroke:var(--lab-late);stroke-width:2.5}
.lab .thin{stroke-width:1.6}
.lab .ink{stroke:var(--lab-ink);stroke-width:2.5}
.lab .fill.token{fill:var(--lab-token);stroke:none}
.lab .fill.first{fill:var(--lab-first);stroke:none}
.lab .fill.alive{fill:var(--lab-alive);stroke:none}
.lab .fill.late{fill:var(--lab-late);stroke:none}
.lab .fill.ink{fill:var(--lab-ink);stroke:none}
.lab .hollow{fill:none}
.lab text.token,.lab text.first,.lab text.alive,.lab text.late{stroke:none}
.lab text.token{fill:var(--lab-token)} .lab text.first{fill:var(--lab-first)}
.lab text.alive{fill:var(--lab-alive)} .lab text.late{fill:var(--lab-late)}
"""


class Axis:
    """Maps a value to a place: `span` (lowest, highest) onto the pixels `left` to
    `right`. log: a logarithmic axis; its lowest value must be above 0."""

    def __init__(
        self, span: tuple[float, float], left: float, right: float, *, log: bool = False
    ) -> None:
        self.low, self.high = span
        self.left, self.right = left, right
        self.log = log

    def at(self, value: float) -> float:
        """The pixel of `value`; what lies outside is put on the edge."""
        value = min(max(value, self.low), self.high)
        low, high = self.low, self.high
        if self.log:
            value, low, high = log10(value), log10(low), log10(high)
        share = (value - low) / ((high - low) or 1)
        return self.left + share * (self.right - self.left)

    def ticks(self, about: int = 6) -> list[float]:
        """About that many round values; on a logarithmic axis its powers of ten."""
        if self.log:
            low, high = round(log10(self.low)), round(log10(self.high))
            return [10.0**power for power in range(low, high + 1)]
        rough = (self.high - self.low) / max(about, 1) or 1.0
        power = 10.0 ** floor(log10(rough))
        step = next(power * each for each in (1, 2, 5, 10) if rough <= power * each)
        first = -floor(-self.low / step + 1e-9)
        count = floor(self.high / step + 1e-9) - first + 1
        return [round((first + at) * step, 9) for at in range(count)]


ROUND = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)


def round_up(value: float) -> float:
    """The next of 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, … not below `value`."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    steps = (power * each for each in ROUND)
    return round(next(step for step in steps if value <= step * 1.0001), 12)


def number(value: float) -> str:
    """As many digits as a reader needs: 1 240, 62, 4.1, 0.35."""
    if value == 0 or abs(value) >= 20:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{round(value, 1):g}" if abs(value) >= 2 else f"{value:.2g}"


def milliseconds(value: float | None) -> str:
    """A wait in the unit that suits it: 350 ms, 24.0 s; an en dash if there is none."""
    if value is None:
        return "–"
    return f"{number(value)} ms" if value < 2_000 else f"{value / 1e3:.1f} s"


class Canvas:
    """An SVG of `width` × `height` pixels that is being drawn.

    Each method draws one mark. kind: what it means, one or more of the names in `MARKS`
    ("token", "first", "alive", "late", "soft", "rule", …), separated by spaces.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []

    def text(
        self, x: float, y: float, text: str, kind: str = "", *,
        size: float = TEXT, anchor: str = "start",
    ) -> None:
        """Write `text`; y is its base line, anchor is start, middle or end."""
        self._add(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" font-size="{size}" '
                  f'text-anchor="{anchor}">{escape(visible(text))}</text>')

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        """A straight line."""
        self._add(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" class="{kind}"/>')

    def rows(self, marks: list[tuple[float, float, float, float]], kind: str) -> None:
        """Many straight lines (x1, y1, x2, y2) at the price of one."""
        path = "".join(f"M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}" for a, b, c, d in marks)
        if path:
            self._add(f'<path d="{path}" class="{kind}"/>')

    def rect(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        """A filled rectangle."""
        self._add(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" '
                  f'height="{max(height, 0):.1f}" rx="2" class="{kind}"/>')

    def dot(self, x: float, y: float, kind: str, radius: float = 4.5) -> None:
        """A round mark; with "hollow" in `kind`, a ring."""
        fill = "" if "hollow" in kind else "fill "
        self._add(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" '
                  f'class="{fill}{kind}"/>')

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

    def time_axis(self, axis: Axis, y: float, unit: str = "s") -> None:
        """A horizontal axis with round numbers below it, and its unit at the end."""
        self.line(axis.left, y, axis.right, y, "rule")
        about = max(2, int((axis.right - axis.left) / 90))
        for tick in axis.ticks(about):
            x = axis.at(tick)
            self.line(x, y, x, y + 6, "rule")
            self.text(x, y + 24, f"{tick:g}", "soft", anchor="middle")
        self.text(axis.right + 20, y + 24, unit, "soft")

    def legend(self, y: float, entries: list[tuple[str, str]]) -> float:
        """Words and marks in rows from `y` on: (form, words) with the forms "tick",
        "first", "dot", "late", "waiting", "guess", "unread". Returns the last row's y.
        """
        x = 0.0
        for form, words in entries:
            room = 30 + len(words) * TEXT * 0.52 + 18
            if x > 0 and x + room > self.width:
                x, y = 0.0, y + 26
            self._sample(x + 12, y - 6, form)
            self.text(x + 30, y, words, "soft")
            x += room
        return y

    def svg(self, title: str, description: str, *, static: bool = False) -> str:
        """The drawing as SVG text. static: with its own colours and background, for
        print and for pages without a theme."""
        style = f"svg.lab{{{variables(LIGHT, themed=False)}}}{MARKS}" if static else ""
        paper = '<rect width="100%" height="100%" class="paper"/>' if static else ""
        size = f' width="{self.width:g}" height="{self.height:g}"' if static else ""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="lab" role="img"{size} '
            f'viewBox="0 0 {self.width:g} {self.height:g}">'
            f"<title>{escape(visible(title))}</title>"
            f"<desc>{escape(visible(description))}</desc>"
            + (f"<style>{style}</style>" if style else "")
            + paper + "".join(self._parts) + "</svg>"
        )

    def _sample(self, x: float, y: float, form: str) -> None:
        if form in ("tick", "first", "unread"):
            kind = {"tick": "token", "first": "first", "unread": "late"}[form]
            self.line(x, y - 9, x, y + 9, kind)
        elif form == "dot":
            self.dot(x, y, "alive")
        elif form == "late":
            self.line(x - 9, y, x + 9, y, "late")
            self.dot(x - 9, y, "late", 3.5)
            self.line(x + 9, y - 6, x + 9, y + 6, "late")
        elif form == "waiting":
            self.line(x - 9, y, x + 9, y, "late")
            self.arrow(x + 9, y, "late")
        elif form == "guess":
            self.guess(x, y, 8)
        else:
            raise ValueError(f"expected a form of the legend; got {form!r}.")

    def _add(self, part: str) -> None:
        self._parts.append(part)


def visible(text: str) -> str:
    """`text` with signs in place of control characters, which no XML may contain."""
    return "".join(
        character if character.isprintable() or character == "\u202f"
        else chr(0x2400 + ord(character)) if ord(character) < 32 else "\ufffd"
        for character in text
    )
