"""The same thing measured several times: every measurement a dot, the median a tick.

A bar of means hides how many there were, how far they lie apart, and which one is odd.
"""

import platform
from collections.abc import Mapping, Sequence
from functools import partial
from os import cpu_count
from statistics import median

from lab_utils.plots.axis import Axis, reach_of
from lab_utils.plots.canvas import Canvas
from lab_utils.plots.guess import Guess
from lab_utils.plots.legend import Entry, guessed, legend
from lab_utils.plots.picture import Picture
from lab_utils.plots.text import number
from lab_utils.plots.theme import KINDS

ROW, GAP, NAME = 44, 12, 24
"""Heights in pixels; NAME: of a name above its row, where there is no room beside."""


def machine() -> str:
    """Where it was measured, in a few words for a caption."""
    return f"{platform.system()} {platform.machine()}, {cpu_count()} cores"


def dots(
    rows: Mapping[str, Sequence[float]],
    *,
    unit: str = "ms",
    title: str = "Measured again and again",
    guess: Guess | None = None,
    published: Mapping[str, float] | None = None,
    where: str | None = None,
) -> Picture:
    """Draw a dot per measurement, a row for each name.

    unit: of all measurements. guess: in the same unit, on the axis. published: what
    somebody else measured, by name: a hollow mark in that row; the axis is logarithmic
    then, since machines are unlike. where: it was measured; None means here. Raises
    ValueError for a row without measurements.
    """
    if empty := [name for name, values in rows.items() if not values]:
        raise ValueError(f"expected measurements in every row; {empty[0]!r} has none.")
    said = "; ".join(f"{name}: median {number(median(values))} {unit} of "
                     f"{len(values)}, from {number(min(values))} to "
                     f"{number(max(values))}" for name, values in rows.items())
    table = [["", f"median, {unit}", "lowest", "highest", "n", "published"], *(
        [name, number(median(values)), number(min(values)), number(max(values)),
         str(len(values)), number((published or {})[name])
         if name in (published or {}) else "–"] for name, values in rows.items()
    )]
    note = f"n = {_often(rows)} · {where or machine()}"
    draw = partial(_draw, rows, unit, (title, note), guess, published or {})
    return Picture(title, f"{said}.", draw, table)


def _draw(
    rows: Mapping[str, Sequence[float]], unit: str, words: tuple[str, str],
    guess: Guess | None, published: Mapping[str, float], width: int,
) -> Canvas:
    canvas = Canvas(width)
    top = canvas.head(*words)
    beside = NAME if canvas.narrow else 0
    every = [each for values in rows.values() for each in values]
    hints = [*published.values(), *([guess.value] if guess else [])]
    axis = Axis(reach_of(every, hints, log=bool(published)),
                28 if canvas.narrow else 210, width - 92, log=bool(published))
    bottom = top + len(rows) * (ROW + GAP + beside)
    for at, (name, values) in enumerate(rows.items()):
        y = top + at * (ROW + GAP + beside)
        canvas.label(0, y + (16 if canvas.narrow else 28), name)
        _row(canvas, axis, values, y + beside, KINDS[at % len(KINDS)])
        if name in published:
            _hollow(canvas, axis.at(published[name]), y + beside + ROW / 2)
        canvas.text(axis.right + 10, y + beside + 28,
                    number(median(values)), "bold")
    canvas.axis(axis, bottom, unit)
    if guess is not None:
        canvas.guess(axis.at(guess.value), bottom)
    legend(canvas, bottom, _entries(published, guess))
    return canvas


def _often(rows: Mapping[str, Sequence[float]]) -> str:
    """How many measurements a row has."""
    counts = sorted({len(values) for values in rows.values()})
    return f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else f"{counts[0]} each"


def _row(
    canvas: Canvas, axis: Axis, values: Sequence[float], y: float, kind: str
) -> None:
    canvas.rect(axis.left, y, axis.right - axis.left, ROW, "band")
    middle = axis.at(median(values))
    canvas.line(middle, y + 2, middle, y + ROW - 2, "ink")
    for at, value in enumerate(values):  # apart, so that equal ones are seen
        canvas.dot(axis.at(value), y + 9 + (at * 11) % (ROW - 18), kind)


def _dot(canvas: Canvas, x: float, y: float) -> None:
    canvas.dot(x, y, "token")


def _hollow(canvas: Canvas, x: float, y: float) -> None:
    canvas.rows([(x - 7, y - 7, x + 7, y - 7), (x + 7, y - 7, x + 7, y + 7),
                 (x + 7, y + 7, x - 7, y + 7), (x - 7, y + 7, x - 7, y - 7)], "ink")


def _entries(published: Mapping[str, float], guess: Guess | None) -> list[Entry]:
    entries: list[Entry] = [("median", "median"), (_dot, "a measurement")]
    if published:
        entries.append((_hollow, "published by the tutorial"))
    return [*entries, *guessed(guess)]
