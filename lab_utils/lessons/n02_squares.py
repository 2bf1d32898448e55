"""Columns of squares, one square per token pushed through the model in a step.

Without a cache they are a staircase, with one a row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab_utils.lessons.n02_ratios import height, strip
from lab_utils.plots.canvas import NARROW, Axis, Canvas, number
from lab_utils.plots.guess import Guess
from lab_utils.plots.picture import Picture

TALLEST, LARGEST, SMALLEST, GAP = 270, 30, 6, 2
"""Pixels: the tallest column, the sides of a square, the room between two."""

HEAD, FOOT, LEGEND, LEFT, RIGHT = 72, 40, 34, 8, 58
"""Pixels: around the squares of a panel, and of the legend."""


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

    def draw(width: int) -> Canvas:
        side = _side(width, len(columns), max(*columns, guess.value if guess else 1))
        shown = min(guess.value, TALLEST / side) if guess else 0
        base = HEAD + side * max(*columns, shown)
        canvas = Canvas(width, base + FOOT + LEGEND * bool(guess))
        axis = _panel(canvas, panel, 0, 0, base, side)
        if guess:
            canvas.guess(axis.at(start + at), base - side * shown)
            canvas.legend(canvas.height - 8, [("guess", str(guess))])
        return canvas

    words = (f"{name}: {panel.says} in {len(columns)} columns; the first has "
             f"{columns[0]}, the last {columns[-1]}.")
    rows = [[x, unit], *([str(start + i), str(n)] for i, n in enumerate(columns))]
    return Picture(f"{unit} in each {x}", words, draw, rows)


def growth(columns: Sequence[int]) -> float:
    """How many times the squares of the first half of `columns` the whole has."""
    return sum(columns) / sum(columns[: len(columns) // 2])


def doubled(runs: Mapping[str, Sequence[int]], *, guess: Guess) -> Picture:
    """Draw runs with the second half of their steps in grey, and below them how many
    times the squares of the first half the whole has.

    runs: the name of each, and its squares in each step. guess: of the last one's.
    """
    ratios = {name: growth(columns) for name, columns in runs.items()}
    rows = [["", "squares, first half", "squares, all", "times"]]
    panels = []
    for name, columns in runs.items():
        half = len(columns) // 2
        before, after = number(sum(columns[:half])), number(sum(columns))
        rows.append([name, before, after, number(ratios[name])])
        says = f"{before} squares, with the grey ones {after}"
        panels.append(Panel(name, says, columns, grey=half))

    def draw(width: int) -> Canvas:
        beside = width > NARROW and len(panels) > 1
        each = width / 2 if beside else width
        highest = max(max(panel.columns) for panel in panels)
        side = _side(each, max(len(panel.columns) for panel in panels), highest)
        places, bottom = [], 0.0
        for index, panel in enumerate(panels):
            left, top = (each * index, 0.0) if beside else (0.0, bottom)
            base = top + HEAD + side * (highest if beside else max(panel.columns))
            places.append((panel, left, top, base))
            bottom = base + FOOT
        canvas = Canvas(width, bottom + 14 + height(len(ratios)))
        for place in places:
            _panel(canvas, *place, side)
        question = "twice as long: how many times the squares?"
        strip(canvas, bottom + 14, question, ratios, guess)
        return canvas

    words = "; ".join(f"{name}: an answer twice as long has {number(times)} times the "
                      "squares" for name, times in ratios.items())
    return Picture("An answer twice as long", f"{words}.", draw, rows)


def _side(width: float, columns: int, highest: float) -> float:
    """Of a square and the gap beside it, in pixels."""
    room = (width - LEFT - RIGHT) / columns
    return max(SMALLEST, min(room, TALLEST / highest, LARGEST))


def _panel(
    canvas: Canvas, panel: Panel, left: float, top: float, base: float, side: float
) -> Axis:
    """Name, squares and steps of a run. Returns the axis of its steps."""
    canvas.text(left, top + 18, panel.name, "bold")
    canvas.text(left, top + 41, panel.says, "soft")
    columns, x = panel.columns, left + LEFT
    first = next((at for at, count in enumerate(columns) if count), 0)
    for at, count in enumerate(columns):
        grey = panel.grey is not None and at >= panel.grey
        kind = "soft" if grey else "fill first" if at == first else "fill token"
        for row in range(1, count + 1):
            canvas.rect(x + at * side, base - row * side, side - GAP, side - GAP, kind)
    for at in {first, len(columns) - 1}:
        canvas.text(x + (at + 0.5) * side, base - columns[at] * side - 7,
                    str(columns[at]), "bold", size=15, anchor="middle")
    axis = Axis((panel.start - 0.5, panel.start + len(columns) - 0.5),
                x, x + side * len(columns))
    step_axis(canvas, axis, base + 2, panel.x)
    return axis


def step_axis(canvas: Canvas, axis: Axis, y: float, x: str) -> None:
    """A horizontal axis of whole steps, and at its end what a step is."""
    canvas.line(axis.left, y, axis.right, y, "rule")
    for tick in axis.ticks(max(2, int((axis.right - axis.left) / 44))):
        if tick == int(tick):
            canvas.text(axis.at(tick), y + 20, f"{tick:g}", "soft", size=15,
                        anchor="middle")
    canvas.text(axis.right + 22, y + 20, x, "soft", size=15)
