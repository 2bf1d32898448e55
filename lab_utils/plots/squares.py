"""Columns of squares, one square per token pushed through the model in a step.

Without a cache they are a staircase, with one a row; and what each shape costs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from lab_utils.plots.canvas import NARROW, Axis, Canvas, number, round_up
from lab_utils.plots.guess import Guess
from lab_utils.plots.picture import Picture, Rows

Runs = Mapping[str, Sequence[int]]
"""The name of each run, and how many squares it has in each step."""

TALLEST, LARGEST, SMALLEST = 260, 30, 4
"""Pixels: the tallest column, the largest square, the smallest that is drawn as one."""

HEAD, FOOT, BARS, BETWEEN, RATIO, LEGEND = 72, 40, 100, 28, 42, 34
"""Pixels: over the squares, below an axis, of the bars of time, between panels, of a
ratio, of the legend."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Where one run is drawn. axis: its steps; base: the pixel on which the squares
    stand; size: width and height of one; floor: where its bars stand."""

    name: str
    columns: Sequence[int]
    left: float
    top: float
    axis: Axis
    base: float
    size: tuple[float, float]

    @property
    def floor(self) -> float:
        """The pixel on which the bars of time stand."""
        return self.base + FOOT + BARS


def squares(
    runs: Runs, *, unit: str = "squares", x: str = "step", start: int = 1,
    guess: Guess | None = None, at: int = 0,
) -> Picture:
    """Draw one panel per run, all at one scale.

    unit: what a square is. x: what the columns are, counted from `start`. guess: a
    number of squares, drawn in the column `at` (from 0) of the first run.
    """
    def draw(width: int) -> Canvas:
        canvas, panels = _panels(runs, width, start, foot=LEGEND if guess else 0,
                                 tallest=guess.value if guess else 0)
        for panel in panels:
            _stack(canvas, panel, x, f"{number(sum(panel.columns))} {unit}")
        if guess:
            first = panels[0]
            y = first.base - guess.value * first.size[1]
            canvas.guess(first.axis.at(start + at), y)
            canvas.legend(canvas.height - 8, [("guess", str(guess))])
        return canvas

    return Picture(f"{unit} in each {x}", _words(runs, unit), draw,
                   _table(runs, x, start))


def growth(columns: Sequence[int]) -> float:
    """How many times the squares of the first half of `columns` the whole has."""
    return sum(columns) / sum(columns[: len(columns) // 2])


def doubled(runs: Runs, *, guess: Guess) -> Picture:
    """Draw `runs` with the second half of their steps in grey, and below them how many
    times the squares of the first half the whole has; the guess is such a number."""
    def draw(width: int) -> Canvas:
        strip = RATIO * len(runs) + 66
        canvas, panels = _panels(runs, width, foot=strip)
        for panel in panels:
            half = len(panel.columns) // 2
            before, after = sum(panel.columns[:half]), sum(panel.columns)
            _stack(canvas, panel, "step", f"{number(before)} squares, in grey up to "
                   f"{number(after)}", half)
        _ratios(canvas, runs, guess, canvas.height - strip)
        return canvas

    words = ". ".join(f"{name}: an answer twice as long has {growth(each):.1f} times "
                      "the squares" for name, each in runs.items())
    rows = [["", "squares, first half", "squares, all", "times"]]
    rows += [[name, number(sum(each[: len(each) // 2])), number(sum(each)),
              f"{growth(each):.1f}"] for name, each in runs.items()]
    return Picture("An answer twice as long", f"{words}.", draw, rows)


def costs(
    runs: Runs, ms: Sequence[Sequence[float]], *, guess: Guess | None = None
) -> Picture:
    """Draw the squares of `runs` over the time of each step.

    ms: of each step of each run, in milliseconds. guess: how many median steps of the
    last run the last step of the first run takes; one off the scale stands on its edge.
    """
    typical = median(ms[-1])
    high = round_up(1.3 * max(max(each) for each in ms))

    def draw(width: int) -> Canvas:
        canvas, panels = _panels(runs, width, below=BARS + 12,
                                 foot=LEGEND if guess else 0)
        for panel, times in zip(panels, ms, strict=True):
            _stack(canvas, panel, "step", f"{number(sum(panel.columns))} squares")
            _bars(canvas, panel, times, high)
        if guess:
            first = panels[0]
            share = min(guess.value * typical / high, 1)
            canvas.guess(first.axis.at(len(first.columns)), first.floor - BARS * share)
            canvas.legend(canvas.height - 8, [("guess", str(guess))])
        return canvas

    words = " ".join(
        f"{name}: {number(each[0])} ms in the first step, {number(each[-1])} ms in the "
        f"last, {number(median(each))} ms in a median one."
        for name, each in zip(runs, ms, strict=True))
    return Picture("Squares and milliseconds", f"{_words(runs, 'squares')} {words}",
                   draw, _table(runs, "step", 1, ms))


def _panels(
    runs: Runs, width: int, start: int = 1, *, below: float = 0, foot: float = 0,
    tallest: float = 0,
) -> tuple[Canvas, list[Panel]]:
    """An empty sheet and the places on it: side by side, or stacked where it is narrow.
    below: room under each panel, foot: under all, in pixels. tallest: make room for a
    column of that many squares."""
    beside = width > NARROW and len(runs) > 1
    left, right = 46 if below else 8, 58
    limit = 0.7 * TALLEST if below else TALLEST
    each = (width - BETWEEN) / 2 if beside else width
    longest = max(len(columns) for columns in runs.values())
    highest = max(tallest, *(max(columns) for columns in runs.values()))
    room = (each - left - right) / longest
    cell = min(room, limit / highest, LARGEST)
    # Squares too small to be seen become columns, as wide as there is room.
    size = (cell, cell) if cell >= SMALLEST else (room, limit / highest)
    panels, y = [], 0.0
    for index, (name, columns) in enumerate(runs.items()):
        stack = size[1] * (highest if beside else max(tallest, *columns, 3))
        x = (each + BETWEEN) * index * beside
        axis = Axis((start - 0.5, start + longest - 0.5), x + left,
                    x + left + size[0] * longest)
        panels.append(Panel(name, columns, x, y, axis, y + HEAD + stack, size))
        y += 0 if beside else HEAD + stack + FOOT + below
    bottom = panels[-1].base + FOOT + below
    return Canvas(width, bottom + foot), panels


def _stack(
    canvas: Canvas, panel: Panel, x: str, says: str, half: int | None = None
) -> None:
    """Name, squares and axis of a run; the columns from `half` on are grey."""
    canvas.text(panel.left, panel.top + 18, panel.name, "bold")
    canvas.text(panel.left, panel.top + 41, says, "soft")
    wide, high = panel.size
    gap = 1.5 if wide == high else 0
    first = next(at for at, count in enumerate(panel.columns) if count)
    for at, count in enumerate(panel.columns):
        grey = half is not None and at >= half
        kind = "soft" if grey else "fill first" if at == first else "fill token"
        for row in range(count) if gap else range(1):
            tall = high - gap if gap else count * high
            canvas.rect(panel.axis.left + at * wide, panel.base - row * high - tall,
                        wide - gap, tall, kind)
    last = len(panel.columns) - 1
    for at in sorted({first, last}):
        count = panel.columns[at]
        canvas.text(panel.axis.left + (at + 0.5) * wide, panel.base - count * high - 7,
                    str(count), "bold", size=15, anchor="middle")
    _steps(canvas, panel.axis, panel.base + 2, x)


def _steps(canvas: Canvas, axis: Axis, y: float, x: str) -> None:
    """The axis of whole steps below a run's squares."""
    canvas.line(axis.left, y, axis.right, y, "rule")
    for tick in axis.ticks(max(2, int((axis.right - axis.left) / 44))):
        if tick == int(tick):
            canvas.text(axis.at(tick), y + 20, f"{tick:g}", "soft", size=15,
                        anchor="middle")
    canvas.text(axis.right + 22, y + 20, x, "soft", size=15)


def _bars(canvas: Canvas, panel: Panel, ms: Sequence[float], high: float) -> None:
    """A bar for the milliseconds of each step, below its squares."""
    axis, wide = panel.axis, panel.size[0]
    for value in (0.0, high / 2, high):
        y = panel.floor - BARS * value / high
        canvas.line(axis.left, y, axis.right, y, "rule")
        canvas.text(axis.left - 6, y + 5, number(value), "soft", size=15, anchor="end")
    canvas.text(axis.right + 8, panel.floor + 5, "ms", "soft", size=15)
    for at, value in enumerate(ms):
        tall = BARS * value / high
        canvas.rect(axis.left + at * wide, panel.floor - tall, wide, tall,
                    "fill first" if at == 0 else "fill token")


def _ratios(canvas: Canvas, runs: Runs, guess: Guess, y: float) -> None:
    """Each run's growth and the guess, on one scale of times."""
    most = max([4.0, guess.value, *map(growth, runs.values())])
    axis = Axis((0, round_up(most)), 8, canvas.width - 66)
    canvas.text(0, y + 18, "twice as long: how many times the squares?", "bold")
    for row, (name, columns) in enumerate(runs.items()):
        level, kind = y + 54 + RATIO * row, "token" if row else "late"
        canvas.text(axis.left, level - 8, f"{name}: {growth(columns):.1f} times", kind)
        canvas.line(axis.left, level, axis.at(growth(columns)), level, kind)
        canvas.dot(axis.at(growth(columns)), level, kind)
    bottom = y + 26 + RATIO * len(runs)
    canvas.time_axis(axis, bottom + 10, "times")
    canvas.guess(axis.at(guess.value), bottom + 10)


def _words(runs: Runs, unit: str) -> str:
    return " ".join(
        f"{name}: {number(sum(each))} {unit} in {len(each)} columns; the first has "
        f"{each[0]}, the last {each[-1]}." for name, each in runs.items())


def _table(
    runs: Runs, x: str, start: int, ms: Sequence[Sequence[float]] = ()
) -> Rows:
    """A row per column of squares."""
    rows = [[x, *runs, *(f"{name}, ms" for name, _ in zip(runs, ms, strict=False))]]
    for at in range(max(len(columns) for columns in runs.values())):
        counts = [str(each[at]) if at < len(each) else "" for each in runs.values()]
        times = [number(each[at]) if at < len(each) else "" for each in ms]
        rows.append([str(start + at), *counts, *times])
    return rows
