"""Columns of squares, one square per token pushed through the model in a step.

Without a cache they are a staircase, with one a row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from lab_utils.lessons.n02_ratios import strip
from lab_utils.plots.axis import Axis
from lab_utils.plots.canvas import Canvas
from lab_utils.plots.guess import Guess
from lab_utils.plots.legend import guessed, legend
from lab_utils.plots.picture import Picture
from lab_utils.plots.text import SMALL, number

TALLEST, LARGEST, SMALLEST, GAP = 270, 30, 6, 2
"""Pixels: the tallest column, the sides of a square, the room between two."""

HEAD, FOOT, LEFT, RIGHT = 72, 40, 8, 58
"""Pixels: around the squares of a panel."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One run. says: the line below its name. x: what a column is, counted from
    `start`. grey: the columns from this one on are grey."""

    name: str
    says: str
    columns: Sequence[int]
    x: str = "step"
    start: int = 1
    grey: int | None = None


def squares(
    columns: Sequence[int], name: str, *, unit: str = "squares", x: str = "step",
    start: int = 1, guess: Guess | None = None, at: int = 0,
) -> Picture:
    """Draw one run: so many squares in each of its columns.

    unit: what a square is. x: what a column is, counted from `start`. guess: a number
    of squares, drawn in the column `at` (from 0).
    """
    panel = Panel(name, f"{number(sum(columns))} {unit}", columns, x, start)
    words = (f"{name}: {panel.says} in {len(columns)} columns; the first has "
             f"{columns[0]}, the last {columns[-1]}.")
    rows = [[x, unit], *([str(start + i), str(n)] for i, n in enumerate(columns))]
    draw = partial(_draw_one, panel, guess, at)
    return Picture(f"{unit} in each {x}", words, draw, rows)


def growth(columns: Sequence[int]) -> float:
    """How many times the squares of the first half of `columns` the whole has."""
    return sum(columns) / sum(columns[: len(columns) // 2])


def doubled(
    runs: Mapping[str, Sequence[int]], *, guess: Guess | None = None
) -> Picture:
    """Draw runs with the second half of their steps in grey, and below them how many
    times the squares of the first half the whole has.

    runs: the name of each, and its squares in each step. guess: of the last one's.
    """
    ratios = {name: growth(columns) for name, columns in runs.items()}
    halves = {name: number(sum(columns[: len(columns) // 2]))
              for name, columns in runs.items()}
    wholes = {name: number(sum(columns)) for name, columns in runs.items()}
    panels = [
        Panel(name, f"{halves[name]} squares, with the grey ones {wholes[name]}",
              columns, grey=len(columns) // 2)
        for name, columns in runs.items()
    ]
    words = "; ".join(f"{name}: an answer twice as long has {number(times)} times the "
                      "squares" for name, times in ratios.items())
    rows = [["", "squares, first half", "squares, all", "times"]]
    rows += [[name, halves[name], wholes[name], number(ratios[name])] for name in runs]
    draw = partial(_draw_doubled, panels, ratios, guess)
    return Picture("An answer twice as long", f"{words}.", draw, rows)


def _draw_one(panel: Panel, guess: Guess | None, at: int, width: int) -> Canvas:
    canvas = Canvas(width)
    most = max(*panel.columns, 1, guess.value if guess else 0)
    side = _side(width, len(panel.columns), most)
    shown = min(guess.value, TALLEST / side) if guess else 0
    base = HEAD + side * max(*panel.columns, shown)
    axis = _panel(canvas, panel, 0, 0, base, side)
    if guess:
        canvas.guess(axis.at(panel.start + at), base - side * shown)
    legend(canvas, base + FOOT / 2, guessed(guess))
    return canvas


def _draw_doubled(
    panels: list[Panel], ratios: Mapping[str, float], guess: Guess | None, width: int
) -> Canvas:
    canvas = Canvas(width)
    beside = not canvas.narrow and len(panels) > 1
    each = width / 2 if beside else width
    highest = max(max(panel.columns) for panel in panels)
    side = _side(each, max(len(panel.columns) for panel in panels), highest)
    bottom = 0.0
    for at, panel in enumerate(panels):
        left, top = (each * at, 0.0) if beside else (0.0, bottom)
        base = top + HEAD + side * (highest if beside else max(panel.columns))
        _panel(canvas, panel, left, top, base, side)
        bottom = base + FOOT
    question = "twice as long: how many times the squares?"
    strip(canvas, bottom + 14, question, ratios, guess)
    return canvas


def _side(width: float, columns: int, highest: float) -> float:
    """Of a square and the gap beside it, in pixels."""
    room = (width - LEFT - RIGHT) / columns
    return max(SMALLEST, min(room, TALLEST / highest, LARGEST))


def _panel(
    canvas: Canvas, panel: Panel, left: float, top: float, base: float, side: float
) -> Axis:
    """Name, squares and steps of a run. Returns the axis of its steps."""
    canvas.label(left, top + 18, panel.name, panel.says)
    columns, x = panel.columns, left + LEFT
    first = next((at for at, count in enumerate(columns) if count), 0)
    for at, count in enumerate(columns):
        grey = panel.grey is not None and at >= panel.grey
        kind = "soft" if grey else "fill first" if at == first else "fill token"
        for row in range(1, count + 1):
            canvas.rect(x + at * side, base - row * side, side - GAP, side - GAP, kind)
    for at in {first, len(columns) - 1}:
        canvas.text(x + (at + 0.5) * side, base - columns[at] * side - 7,
                    str(columns[at]), "bold", size=SMALL, anchor="middle")
    axis = Axis((panel.start - 0.5, panel.start + len(columns) - 0.5),
                x, x + side * len(columns))
    canvas.axis(axis, base + 2, panel.x, whole=True)
    return axis
