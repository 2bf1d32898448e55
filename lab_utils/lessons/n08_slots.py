"""Who sits in which slot at which step: played without a model, or noted on a real one.

Rows are slots, columns are steps, a tick is a token. Below them stands what each step
took, where it was measured.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from statistics import median
from time import perf_counter
from typing import NamedTuple

from lab_utils.engine import Engine
from lab_utils.engine.scheduler import Scheduled
from lab_utils.plots.axis import Axis, round_up
from lab_utils.plots.canvas import Canvas
from lab_utils.plots.guess import Guess
from lab_utils.plots.legend import Entry, guessed, legend
from lab_utils.plots.picture import Picture
from lab_utils.plots.text import milliseconds
from lab_utils.tokens import SamplingParams

TITLE = "Slots over steps"
ENDLESS = 10_000
"""Steps after which nobody will ever be served."""

ROW, GAP, BARS = 44, 10, 90
"""Heights in pixels; BARS: of the longest step."""


class Ask(NamedTuple):
    """A request of the play: its name, the step before which it arrives, and how many
    tokens it makes."""

    name: str
    arrives: int
    tokens: int


ROOM = (
    Ask("A", 0, 16), Ask("B", 0, 3), Ask("C", 0, 4), Ask("D", 0, 2),
    Ask("E", 0, 10), Ask("F", 0, 3), Ask("G", 5, 2), Ask("H", 5, 5),
)
"""Eight readers whose answers are unequal, two of whom come later."""


@dataclass(slots=True)
class Schedule:
    """What happened: for each step, whose request was in each slot (None: nobody's).

    ms: how long each step took, if it was measured.
    """

    slots: int
    steps: list[list[str | None]] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)

    @property
    def made(self) -> int:
        """How many tokens were made."""
        return sum(name is not None for step in self.steps for name in step)

    @property
    def empty(self) -> int:
        """How many places in steps were nobody's."""
        return len(self.steps) * self.slots - self.made


Admit = Callable[[list[str], list[str], int], None]
"""Moves names from the first list, who waits, to the second, who runs; the number says
how many may run."""


def play(admit: Admit, asks: Sequence[Ask] = ROOM, slots: int = 4) -> Schedule:
    """Let `admit` decide, before each step, who of `asks` joins.

    Raises `RuntimeError` if more run than there are slots, or somebody is never served.
    """
    waiting: list[str] = []
    running: list[str] = []
    left = {ask.name: ask.tokens for ask in asks}
    schedule = Schedule(slots)
    seats: list[str | None] = [None] * slots
    while any(left.values()):
        waiting += [ask.name for ask in asks if ask.arrives == len(schedule.steps)]
        admit(waiting, running, slots)
        if len(running) > slots or len(schedule.steps) == ENDLESS:
            raise RuntimeError(f"{len(running)} run in {slots} slots: {running}")
        _seat(seats, running)
        schedule.steps.append(list(seats))
        for name in running:
            left[name] -= 1
        running[:] = [name for name in running if left[name]]
        seats = [name if name in running else None for name in seats]
    return schedule


def _seat(seats: list[str | None], running: Sequence[str]) -> None:
    """Give everybody who runs and has no seat the lowest free one."""
    for name in running:
        if name not in seats:
            seats[seats.index(None)] = name


def on_a_real_engine(
    engine: Engine, asks: Sequence[Ask] = ROOM, slots: int = 4, prompt: str = "Hello"
) -> Schedule:
    """The same requests given to the scheduler of `engine`, each step timed.

    Its answers must not end by themselves, so the engine is one of random weights.
    """
    scheduler = engine.scheduler(slots)
    names: dict[Scheduled, str] = {}
    schedule = Schedule(slots)
    while len(names) < len(asks) or scheduler.running or scheduler.waiting:
        for ask in (each for each in asks if each.arrives == len(schedule.steps)):
            params = SamplingParams(max_tokens=ask.tokens, temperature=0)
            names[scheduler.add(engine.prepare(prompt, params))] = ask.name
        scheduler.admit()
        seats: list[str | None] = [None] * slots
        for each in scheduler.running:
            if each.slot is not None:
                seats[each.slot] = names[each]
        began = perf_counter()
        scheduler.step()
        schedule.ms.append(1e3 * (perf_counter() - began))
        schedule.steps.append(seats)
    return schedule


def slots_over_steps(
    schedule: Schedule, title: str = TITLE, guess: Guess | None = None
) -> Picture:
    """Draw it. guess: how many steps the learner expected."""
    count = len(schedule.steps)
    words = (f"{schedule.made} tokens in {count} steps of {schedule.slots} slots; "
             f"{_empty(schedule)}.")
    if schedule.ms:
        words += f" A step takes {milliseconds(median(schedule.ms))}, the median."
    head = ["step", *(f"slot {at}" for at in range(schedule.slots))]
    rows = [[str(at), *(name or "" for name in step)]
            for at, step in enumerate(schedule.steps, 1)]
    if schedule.ms:
        head.append("took")
        for row, ms in zip(rows, schedule.ms, strict=True):
            row.append(milliseconds(ms))
    return Picture(title, words, partial(_draw, schedule, title, guess), [head, *rows])


def _empty(schedule: Schedule) -> str:
    return f"{schedule.empty} place{'' if schedule.empty == 1 else 's'} empty"


def _draw(schedule: Schedule, title: str, guess: Guess | None, width: int) -> Canvas:
    canvas = Canvas(width)
    count = len(schedule.steps)
    hint = min(guess.value, 2 * count) if guess is not None else 0
    axis = Axis((0, max(count, hint) + 0.5), 78, width - 62)
    note = f"{schedule.made} tokens in {count} steps, {_empty(schedule)}"
    top = canvas.head(title, note)
    for slot in range(schedule.slots):
        y = top + slot * (ROW + GAP)
        canvas.label(0, y + 28, f"slot {slot}")
        _row(canvas, axis, [step[slot] for step in schedule.steps], y)
    bottom = top + schedule.slots * (ROW + GAP)
    entries: list[Entry] = [("tick", "a token"), ("hatch", "nobody")]
    if schedule.ms:
        bottom = _bars(canvas, axis, schedule.ms, bottom + 34)
        entries.append(("bar", "what the step took"))
    canvas.axis(axis, bottom, "step", whole=True)
    if guess is not None:
        canvas.guess(axis.at(guess.value), bottom)
    legend(canvas, bottom, [*entries, *guessed(guess)])
    return canvas


def _row(canvas: Canvas, axis: Axis, names: Sequence[str | None], y: float) -> None:
    """The requests of one slot, one after the other."""
    step = 0
    for name, group in groupby(names):
        length = len(list(group))
        left, right = axis.at(step) + 1, axis.at(step + length) - 1
        if name is None:
            canvas.hatch(left, y, right - left, ROW)
        else:
            canvas.rect(left, y, right - left, ROW, "band")
            canvas.text(left + 4, y + 18, name, "bold")
            places = [axis.at(step + at + 0.5) for at in range(length)]
            canvas.rows([(x, y + 22, x, y + ROW - 3) for x in places], "token")
        step += length


def _bars(canvas: Canvas, axis: Axis, ms: Sequence[float], top: float) -> float:
    """A bar for each step, as high as it was long; returns their foot."""
    up = Axis((0, round_up(max(ms))), top + BARS, top)
    half = round_up(max(ms)) / 2
    canvas.levels(axis, up, {half: f"{half:g} ms", 2 * half: f"{2 * half:g} ms"})
    for at, each in enumerate(ms):
        left, right = axis.at(at) + 2, axis.at(at + 1) - 2
        canvas.rect(left, up.at(each), right - left, top + BARS - up.at(each),
                    "fill token")
    return top + BARS
