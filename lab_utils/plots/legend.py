"""What the marks of a picture mean: samples and words in rows, at its foot."""

from collections.abc import Callable, Sequence

from lab_utils.plots.canvas import Canvas
from lab_utils.plots.guess import Guess
from lab_utils.plots.text import width_of

Sample = Callable[[Canvas, float, float], None]
"""Draws a sample of a mark around (x, y), about 24 × 16 pixels large."""

Entry = tuple[str | Sample, str]
"""A mark, by its name in `SAMPLES` or drawn by the picture itself, and its words."""

UNDER_AXIS, ROW, FOOT = 56, 26, 16
"""Pixels: from an axis to the first row, from row to row, and below the last one."""


def legend(canvas: Canvas, below: float, entries: Sequence[Entry]) -> None:
    """Draw `entries` below the axis at the height `below`; the sheet ends there."""
    x, y = 0.0, below + UNDER_AXIS if entries else below + 20
    for mark, words in entries:
        room = 30 + width_of(words) + 14
        if x > 0 and x + room > canvas.width:
            x, y = 0.0, y + ROW
        sample(mark)(canvas, x + 12, y - 6)
        canvas.text(x + 30, y, words, "soft")
        x += room
    canvas.height = y + FOOT


def guessed(*guesses: Guess | None) -> list[Entry]:
    """The entry of the diamonds: the guess itself if it is one; none without any."""
    made = [guess for guess in guesses if guess is not None]
    words = str(made[0]) if len(made) == 1 else "your guesses"
    return [("guess", words)] if made else []


def sample(mark: str | Sample) -> Sample:
    """What draws it. Raises ValueError for a name that is none of `SAMPLES`."""
    if callable(mark):
        return mark
    if mark not in SAMPLES:
        raise ValueError(f"expected a mark of {', '.join(SAMPLES)}; got {mark!r}.")
    return SAMPLES[mark]


def _late(canvas: Canvas, x: float, y: float) -> None:
    canvas.line(x - 9, y, x + 9, y, "late")
    canvas.dot(x - 9, y, "late", 3.5)
    canvas.line(x + 9, y - 6, x + 9, y + 6, "late")


def _dashes(canvas: Canvas, x: float, y: float) -> None:
    canvas.rows([(x - 12, y, x - 4, y), (x + 4, y, x + 12, y)], "ink thin")


SAMPLES: dict[str, Sample] = {
    "tick": lambda canvas, x, y: canvas.line(x, y - 9, x, y + 9, "token"),
    "unread": lambda canvas, x, y: canvas.line(x, y - 9, x, y + 9, "late"),
    "median": lambda canvas, x, y: canvas.line(x, y - 9, x, y + 9, "ink"),
    "dot": lambda canvas, x, y: canvas.dot(x, y, "alive"),
    "late": _late,
    "guess": lambda canvas, x, y: canvas.guess(x, y, 8),
    "bar": lambda canvas, x, y: canvas.rect(x - 12, y - 8, 24, 16, "fill token"),
    "hatch": lambda canvas, x, y: canvas.hatch(x - 12, y - 8, 24, 16),
    "area": lambda canvas, x, y: canvas.rect(x - 12, y - 8, 24, 16, "band"),
    "dashes": _dashes,
}
