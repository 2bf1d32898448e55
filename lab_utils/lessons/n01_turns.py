"""Who works when: a lane per task, and one baton that only one of them can hold."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from lab_utils.plots.canvas import NARROW, Axis, Canvas, milliseconds
from lab_utils.plots.guess import Guess
from lab_utils.plots.picture import Picture

Span = tuple[str, float, float, str]
"""Whose it is, when it began and ended (seconds on any one clock), and what it was:
"works" (the task has the baton) or "waits" (it needs none)."""

LANE, BAR = 56, 34


def turns(order: Sequence[str], guess: str = "") -> Picture:
    """Draw turns such as "A0", "B0", "A1": the letters name a task, the digits count.

    guess: the reader's order, as one string; a diamond on each lane that it names.
    """
    guessed = guess.split()
    tasks = list(dict.fromkeys(map(_task, order)))
    right = sum(a == b for a, b in zip(order, guessed, strict=False))
    words = f"The order is {' '.join(order)}."
    if guessed:
        words += f" You guessed {' '.join(guessed)}: {right} of {len(order)} right."
    heads = ["turn", "who", *(["your guess"] if guessed else [])]
    rows = [
        [str(at), turn, *(guessed[at - 1 : at] or ["–"] if guessed else [])]
        for at, turn in enumerate(order, 1)
    ]
    draw = partial(_draw_turns, list(order), tasks, guessed)
    return Picture("Who has the baton, turn by turn", words, draw, [heads, *rows])


def spans(log: Sequence[Span], guess: Guess | None = None, title: str = "") -> Picture:
    """Draw what each task did on one time axis: bars of work, hatched waiting.

    guess: drawn as a diamond on the axis; its unit is a time.
    """
    zero = min((began for _, began, _, _ in log), default=0.0)
    moved = [(name, began - zero, end - zero, what) for name, began, end, what in log]
    words = "; ".join(
        f"{name} {what} from {_ms(began)} to {_ms(end)}"
        for name, began, end, what in moved
    )
    rows = [[name, what, _ms(began), _ms(end)] for name, began, end, what in moved]
    return Picture(
        title or "Who works when", words + ".",
        partial(_draw_spans, moved, guess, title),
        [["task", "what", "from", "to"], *rows],
    )


def _task(turn: str) -> str:
    return turn.rstrip("0123456789")


def _ms(seconds: float) -> str:
    return milliseconds(1e3 * seconds)


def _draw_turns(
    order: list[str], tasks: list[str], guessed: list[str], width: int
) -> Canvas:
    left, top = 80.0, 8.0
    count = max(len(order), len(guessed), 1)
    axis = Axis((0, count), left, width - 10)
    each = (axis.right - axis.left) / count
    bottom = top + len(tasks) * LANE
    canvas = Canvas(width, bottom + 76)
    _lanes(canvas, axis, tasks, top)
    middles = {task: top + (at + 0.5) * LANE for at, task in enumerate(tasks)}
    _baton(canvas, axis, [middles[_task(turn)] for turn in order])
    for at, turn in enumerate(order):
        x, y = axis.at(at), middles[_task(turn)]
        canvas.rect(x + 2, y - BAR / 2, each - 4, BAR, "fill token")
        canvas.text(x + each / 2, y + 6, turn, "paper bold", anchor="middle")
        canvas.text(x + each / 2, bottom + 20, str(at + 1), "soft", anchor="middle")
    for at, turn in enumerate(guessed):
        if _task(turn) in middles:
            canvas.guess(axis.at(at) + 18, middles[_task(turn)])
    canvas.text(0, bottom + 20, "turn", "soft")
    _bars_legend(canvas, bottom + 60, {"works"}, "your guess" if guessed else "")
    return canvas


def _baton(canvas: Canvas, axis: Axis, middles: list[float]) -> None:
    """A line wherever it goes from one task to another."""
    for at, (above, below) in enumerate(pairwise(middles), 1):
        canvas.line(axis.at(at), above, axis.at(at), below, "ink thin")


def _draw_spans(
    log: list[Span], guess: Guess | None, title: str, width: int
) -> Canvas:
    tasks = list(dict.fromkeys(name for name, *_ in log))
    top = 40.0 if title else 8.0
    left = 20 + 9.5 * max(map(len, tasks), default=0)
    end = max((end for _, _, end, _ in log), default=0.0)
    if guess is not None and guess.seconds is not None:
        end = min(max(end, guess.seconds), 2 * end)
    axis = Axis((0, 1.04 * 1e3 * end or 1), left, width - 54)
    bottom = top + len(tasks) * LANE
    kinds = {what for *_, what in log}
    canvas = Canvas(width, bottom + (118 if width <= NARROW else 92))
    if title:
        canvas.text(0, 22, title, "bold", size=18 if width <= NARROW else 20)
    _lanes(canvas, axis, tasks, top)
    for name, began, ended, what in log:
        y = top + (tasks.index(name) + 0.5) * LANE - BAR / 2
        x = axis.at(1e3 * began)
        # Work of some microseconds is seen, too.
        long = max(axis.at(1e3 * ended) - x, 4)
        if what == "waits":
            canvas.hatch(x, y, long, BAR)
            canvas.rows([(x, y, x, y + BAR), (x + long, y, x + long, y + BAR)], "rule")
            if kinds == {"waits"}:
                _how_long(canvas, x, y, long, _ms(ended - began))
        else:
            canvas.rect(x, y, long, BAR, "fill token")
    canvas.time_axis(axis, bottom + 4, "ms")
    if guess is not None and guess.seconds is not None:
        canvas.guess(axis.at(1e3 * guess.seconds), bottom + 4)
    _bars_legend(canvas, bottom + 62, kinds, str(guess) if guess else "")
    return canvas


def _how_long(canvas: Canvas, x: float, y: float, long: float, words: str) -> None:
    """Written into the bar, or behind it where the bar is short."""
    if long > 140:
        canvas.rect(x + long / 2 - 50, y + 6, 100, BAR - 12, "band")
        canvas.text(x + long / 2, y + 23, words, "bold", anchor="middle")
    else:
        canvas.text(x + long + 12, y + 23, words, "bold")


def _lanes(canvas: Canvas, axis: Axis, tasks: list[str], top: float) -> None:
    for at, task in enumerate(tasks):
        y = top + (at + 0.5) * LANE
        canvas.text(0, y + 6, task, "bold")
        canvas.rect(axis.left, y - BAR / 2, axis.right - axis.left, BAR, "band")


def _bars_legend(canvas: Canvas, y: float, kinds: set[str], guess: str) -> None:
    x = 0.0
    if "waits" not in kinds or "works" in kinds:
        canvas.rect(x, y - 14, 24, 16, "fill token")
        canvas.text(x + 32, y, "has the baton", "soft")
        x += 170
    if "waits" in kinds:
        canvas.hatch(x, y - 14, 24, 16)
        words = "waits without it" if "works" in kinds else "waits"
        canvas.text(x + 32, y, words, "soft")
        x += 186
    if guess and x + 190 > canvas.width:
        x, y = 0.0, y + 28
    if guess:
        canvas.guess(x + 12, y - 6, 8)
        canvas.text(x + 30, y, guess, "soft")
