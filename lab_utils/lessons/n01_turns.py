"""Who works when: a lane per task, and one baton that only one of them can hold."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from lab_utils.plots.axis import Axis
from lab_utils.plots.canvas import Canvas
from lab_utils.plots.guess import Guess, reach
from lab_utils.plots.legend import Entry, guessed, legend
from lab_utils.plots.picture import Picture
from lab_utils.plots.text import seconds, width_of

Span = tuple[str, float, float, str]
"""Whose it is, when it began and ended (seconds on any one clock), and what it was:
"works" (the task has the baton) or "waits" (it needs none)."""

LANE, BAR = 56, 34


def turns(order: Sequence[str], guess: str = "") -> Picture:
    """Draw turns such as "A0", "B0", "A1": the letters name a task, the digits count.

    guess: the reader's order, as one string; a diamond on each lane that it names.
    """
    wanted = guess.split()
    tasks = list(dict.fromkeys(map(_task, order)))
    right = sum(a == b for a, b in zip(order, wanted, strict=False))
    words = f"The order is {' '.join(order)}."
    if wanted:
        words += f" You guessed {' '.join(wanted)}: {right} of {len(order)} right."
    heads = ["turn", "who", *(["your guess"] if wanted else [])]
    rows = [
        [str(at), turn, *(wanted[at - 1 : at] or ["–"] if wanted else [])]
        for at, turn in enumerate(order, 1)
    ]
    draw = partial(_draw_turns, list(order), tasks, wanted)
    return Picture("Who has the baton, turn by turn", words, draw, [heads, *rows])


def spans(log: Sequence[Span], guess: Guess | None = None, title: str = "") -> Picture:
    """Draw what each task did on one time axis: bars of work, hatched waiting.

    guess: drawn as a diamond on the axis; its unit is a time.
    """
    zero = min((began for _, began, _, _ in log), default=0.0)
    moved = [(name, began - zero, end - zero, what) for name, began, end, what in log]
    words = "; ".join(
        f"{name} {what} from {seconds(began)} to {seconds(end)}"
        for name, began, end, what in moved
    )
    rows = [[name, what, seconds(began), seconds(end)]
            for name, began, end, what in moved]
    return Picture(
        title or "Who works when", words + ".",
        partial(_draw_spans, moved, guess, title),
        [["task", "what", "from", "to"], *rows],
    )


def _task(turn: str) -> str:
    return turn.rstrip("0123456789")


def _draw_turns(
    order: list[str], tasks: list[str], wanted: list[str], width: int
) -> Canvas:
    canvas = Canvas(width)
    axis = Axis((0, max(len(order), len(wanted), 1)), _beside(tasks), width - 10)
    bottom = 8 + len(tasks) * LANE
    _lanes(canvas, axis, tasks, 8)
    middles = {task: 8 + (at + 0.5) * LANE for at, task in enumerate(tasks)}
    _baton(canvas, axis, [middles[_task(turn)] for turn in order])
    for at, turn in enumerate(order):
        _turn(canvas, axis, at, turn, middles[_task(turn)])
        canvas.text(axis.at(at + 0.5), bottom + 20, str(at + 1), "soft",
                    anchor="middle")
    for at, turn in enumerate(wanted):
        if _task(turn) in middles:
            canvas.guess(axis.at(at) + 18, middles[_task(turn)])
    canvas.text(0, bottom + 20, "turn", "soft")
    legend(canvas, bottom + 4, [("bar", "has the baton"),
                                *([("guess", "your guess")] if wanted else [])])
    return canvas


def _turn(canvas: Canvas, axis: Axis, at: int, turn: str, middle: float) -> None:
    """A bar with its name in it, where there is room."""
    each = axis.at(at + 1) - axis.at(at)
    canvas.rect(axis.at(at) + 2, middle - BAR / 2, each - 4, BAR, "fill token")
    if width_of(turn, "bold") < each:
        canvas.text(axis.at(at + 0.5), middle + 6, turn, "paper bold", anchor="middle")


def _baton(canvas: Canvas, axis: Axis, middles: list[float]) -> None:
    """A line wherever it goes from one task to another."""
    for at, (above, below) in enumerate(pairwise(middles), 1):
        canvas.line(axis.at(at), above, axis.at(at), below, "ink thin")


def _draw_spans(
    log: list[Span], guess: Guess | None, title: str, width: int
) -> Canvas:
    canvas = Canvas(width)
    tasks = list(dict.fromkeys(name for name, *_ in log))
    last = max((ended for _, _, ended, _ in log), default=0.0)
    end = 1.04 * 1e3 * reach(last, guess) or 1
    axis = Axis((0, end), _beside(tasks), width - 54)
    top = canvas.head(title) + 4
    bottom = top + len(tasks) * LANE + 4
    kinds = {what for *_, what in log}
    _lanes(canvas, axis, tasks, top)
    for name, began, ended, what in log:
        y = top + (tasks.index(name) + 0.5) * LANE - BAR / 2
        # Work of some microseconds is seen, too.
        long = max(axis.at(1e3 * ended) - axis.at(1e3 * began), 4)
        _bar(canvas, axis.at(1e3 * began), y, long, what)
        if kinds == {"waits"}:
            _how_long(canvas, axis.at(1e3 * began), y, long, seconds(ended - began))
    canvas.axis(axis, bottom, "ms", guess)
    legend(canvas, bottom, [*_kinds(kinds), *guessed(guess)])
    return canvas


def _bar(canvas: Canvas, x: float, y: float, long: float, what: str) -> None:
    if what == "waits":
        canvas.hatch(x, y, long, BAR)
        canvas.rows([(x, y, x, y + BAR), (x + long, y, x + long, y + BAR)], "rule")
    else:
        canvas.rect(x, y, long, BAR, "fill token")


def _how_long(canvas: Canvas, x: float, y: float, long: float, words: str) -> None:
    """Written into the bar, or behind it where the bar is short."""
    if long > 140:
        canvas.rect(x + long / 2 - 50, y + 6, 100, BAR - 12, "band")
        canvas.text(x + long / 2, y + 23, words, "bold", anchor="middle")
    else:
        canvas.text(x + long + 12, y + 23, words, "bold")


def _beside(tasks: list[str]) -> float:
    """Room for the tasks' names beside their lanes, in pixels."""
    return 20 + max(width_of(name, "bold") for name in [*tasks, "turn"])


def _lanes(canvas: Canvas, axis: Axis, tasks: list[str], top: float) -> None:
    for at, task in enumerate(tasks):
        y = top + (at + 0.5) * LANE
        canvas.label(0, y + 6, task)
        canvas.rect(axis.left, y - BAR / 2, axis.right - axis.left, BAR, "band")


def _kinds(kinds: set[str]) -> list[Entry]:
    """The legend of what is drawn, and no more."""
    works: list[Entry] = [("bar", "has the baton")]
    without = "waits without it" if "works" in kinds else "waits"
    waits: list[Entry] = [("hatch", without)]
    return works * (kinds != {"waits"}) + waits * ("waits" in kinds)
