"""Latency against throughput: what a reader waits for, and what the machine does.

A curve per server, a dot per number of readers: to the right is more for everybody
together, up is longer for each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from lab_utils.plots.axis import Axis, reach_of, round_up
from lab_utils.plots.canvas import Canvas
from lab_utils.plots.dots import machine
from lab_utils.plots.guess import Guess
from lab_utils.plots.legend import Entry, guessed, legend
from lab_utils.plots.picture import Picture
from lab_utils.plots.text import SMALL, milliseconds, number
from lab_utils.plots.theme import KINDS

TITLE = "Latency against throughput"
HEIGHT = 260


@dataclass(frozen=True, slots=True)
class Load:
    """So many readers at once: their median gap in milliseconds, their median time to
    first token, and the tokens per second of all together."""

    readers: int
    gap_ms: float
    ttft_ms: float
    tokens_per_s: float


def tradeoff(
    curves: Mapping[str, Sequence[Load]], *, title: str = TITLE,
    guess: Guess | None = None,
) -> Picture:
    """Draw a curve for each name, from its fewest readers to its most.

    guess: how many times as many tokens per second as its first dot the learner
    expected the first curve to reach.
    """
    said = "; ".join(
        f"{name}, {load.readers} readers: {number(load.tokens_per_s)} tokens/s, "
        f"gap {milliseconds(load.gap_ms)}"
        for name, loads in curves.items() for load in loads
    )
    table = [["", "readers", "tokens/s", "gap", "first token"], *(
        [name, str(load.readers), number(load.tokens_per_s), milliseconds(load.gap_ms),
         milliseconds(load.ttft_ms)]
        for name, loads in curves.items() for load in loads
    )]
    return Picture(title, f"{said}.", partial(_draw, curves, title, guess), table)


def _draw(
    curves: Mapping[str, Sequence[Load]], title: str, guess: Guess | None, width: int
) -> Canvas:
    canvas = Canvas(width)
    top = 30 + canvas.head(title, f"a dot: so many readers at once · {machine()}")
    bottom = top + HEIGHT
    loads = [load for each in curves.values() for load in each]
    expected = [guess.value * loads[0].tokens_per_s] if guess else []
    across = Axis(reach_of([load.tokens_per_s for load in loads], expected),
                  84, width - 96)
    up = Axis((0, round_up(1.1 * max(load.gap_ms for load in loads))), bottom, top)
    canvas.text(0, top - 14, "gap between a reader's tokens, ms", "soft", size=SMALL)
    canvas.levels(across, up, {each: f"{each:g}" for each in up.ticks(4)})
    for at, (kind, each) in enumerate(zip(KINDS, curves.values(), strict=False)):
        _curve(canvas, across, up, each, kind, beside=-9 if at % 2 else 9)
    canvas.axis(across, bottom, "tokens/s")
    for value in expected:
        canvas.guess(across.at(value), bottom)
    lines: list[Entry] = [(partial(_sample, kind), name)
                          for kind, name in zip(KINDS, curves, strict=False)]
    legend(canvas, bottom, [*lines, *guessed(guess)])
    return canvas


def _curve(
    canvas: Canvas, across: Axis, up: Axis, loads: Sequence[Load], kind: str,
    beside: int,
) -> None:
    """beside: where a dot's number stands, so that two curves keep theirs apart."""
    places = [(across.at(load.tokens_per_s), up.at(load.gap_ms)) for load in loads]
    canvas.rows([(*here, *there) for here, there in pairwise(places)], kind)
    for (x, y), load in zip(places, loads, strict=True):
        canvas.dot(x, y, kind, 6)
        canvas.text(x + beside, y - 8, str(load.readers), f"{kind} bold",
                    anchor="start" if beside > 0 else "end")


def _sample(kind: str, canvas: Canvas, x: float, y: float) -> None:
    canvas.line(x - 12, y, x + 12, y, kind)
    canvas.dot(x, y, kind)
