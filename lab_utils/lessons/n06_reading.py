"""The reader's curve: tokens on the screen against seconds, and how far a person is.

Streaming moves the beginning of the curve, not its end. A person who reads more slowly
than the server writes finishes when the reading is over, not the server.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

from lab_utils.plots.axis import Axis, round_up
from lab_utils.plots.canvas import Canvas
from lab_utils.plots.guess import Guess, reach
from lab_utils.plots.legend import Entry, guessed, legend
from lab_utils.plots.picture import Picture
from lab_utils.plots.text import SMALL, milliseconds, number, seconds
from lab_utils.timeline import Timeline

READS = 5.0
"""Tokens per second that a person reads unless told otherwise: about 200 words a
minute."""

TITLE = "The reader's curve"

ABOVE, HEIGHT, LABEL = 54, 280, 170
"""Pixels: above the curves, their height, and of a label at their ends."""

KINDS = ("late", "token")


def reading(
    whole: Timeline,
    streamed: Timeline,
    *,
    reads: float = READS,
    guess: Guess | None = None,
) -> Picture:
    """Draw what stood on the screen when, and how far a person had read.

    whole: the run whose answer came at once. streamed: the same answer as it was made.
    reads: how many tokens a person reads per second. guess: drawn on the time axis.
    """
    if reads <= 0:
        raise ValueError(f"expected a person who reads; got {reads:g} tokens/s.")
    runs = [whole, streamed]
    draw = partial(_draw, runs, reads, guess)
    words = " ".join(describe(run, reads) for run in runs)
    return Picture(TITLE, words, draw, table(runs, reads))


def read_until(arrivals: Sequence[float], reads: float) -> list[float]:
    """When a person has read each token who reads `reads` of them per second; one that
    is not there yet is waited for."""
    done, moments = 0.0, []
    for arrival in arrivals:
        done = max(done, arrival) + 1 / reads
        moments.append(done)
    return moments


def read_all_s(run: Timeline, reads: float = READS) -> float | None:
    """Seconds from the question until all is read; None if nothing came."""
    moments = read_until(run.arrivals, reads)
    return moments[-1] if moments else None


def describe(run: Timeline, reads: float) -> str:
    """A sentence for who cannot see the picture."""
    if not run.arrivals:
        return f"{run.label}: nothing to read."
    return (
        f"{run.label}: {len(run.arrivals)} tokens on the screen, the first after "
        f"{milliseconds(run.ttft_ms)}, the last after {seconds(run.arrivals[-1])}; "
        f"read at {number(reads)} tokens/s after {seconds(read_all_s(run, reads))}."
    )


def table(runs: Sequence[Timeline], reads: float) -> list[list[str]]:
    """First and last token, and when all was read; one column each."""
    last = [run.arrivals[-1] if run.arrivals else None for run in runs]
    read = [read_all_s(run, reads) for run in runs]
    return [
        ["", *(run.label for run in runs)],
        ["first token on the screen", *(milliseconds(run.ttft_ms) for run in runs)],
        ["last token on the screen", *map(seconds, last)],
        [f"all read, at {number(reads)} tokens/s", *map(seconds, read)],
    ]


def _draw(
    runs: list[Timeline], reads: float, guess: Guess | None, width: int
) -> Canvas:
    canvas = Canvas(width)
    person = f"a person who reads {number(reads)} tokens per second"
    top = ABOVE + canvas.head(TITLE, person)
    bottom = top + HEIGHT
    last = max(0.1, *(read_all_s(run, reads) or run.seen for run in runs))
    across = Axis((0, 1.04 * reach(last, guess)), 56, width - 44)
    up = Axis((0, round_up(max(1, *(len(run.arrivals) for run in runs)))), bottom, top)
    canvas.text(0, top - 16, "tokens", "soft", size=SMALL)
    canvas.levels(across, up, {each: f"{each:g}" for each in up.ticks(5)})
    _gained(canvas, across, up, runs)
    for run, kind, rise in zip(runs, KINDS, _rises(across, runs, reads), strict=True):
        _run(canvas, across, up, run, reads, kind, rise)
    canvas.axis(across, bottom, guess=guess)
    legend(canvas, bottom, [*_lines(runs), *guessed(guess)])
    return canvas


def _rises(across: Axis, runs: list[Timeline], reads: float) -> tuple[float, float]:
    """How far above their dots the two labels stand; apart, if the dots are close."""
    one, other = (across.at(read_all_s(run, reads) or run.seen) for run in runs)
    return 14, 36 if abs(one - other) < LABEL else 14


def _lines(runs: list[Timeline]) -> list[Entry]:
    """The legend of the curves."""
    return [
        *((partial(_line, kind), f"{run.label}: on the screen")
          for kind, run in zip(KINDS, runs, strict=True)),
        ("dashes", "how far a person has read"), ("area", "what streaming gives"),
    ]


def _line(kind: str, canvas: Canvas, x: float, y: float) -> None:
    canvas.line(x - 12, y, x + 12, y, kind)


def _gained(canvas: Canvas, across: Axis, up: Axis, runs: list[Timeline]) -> None:
    """The area between the curves: tokens that could be read earlier, and how much."""
    whole, streamed = runs
    pairs = zip(streamed.arrivals, whole.arrivals, strict=False)
    for count, (early, late) in enumerate(pairs):
        y = up.at(count + 1)
        room = across.at(late) - across.at(early)
        canvas.rect(across.at(early), y, room, up.at(count) - y + 0.5, "band")


def _run(
    canvas: Canvas, across: Axis, up: Axis, run: Timeline, reads: float, kind: str,
    rise: float,
) -> None:
    """What is on the screen as stairs; what was read as a line of dashes; a dot where
    the reading is over, and the seconds, so many pixels above it."""
    if not run.arrivals:
        return
    canvas.rows(list(_stairs(across, up, run.arrivals)), kind)
    moments = [run.arrivals[0], *read_until(run.arrivals, reads)]
    places = [(across.at(at), up.at(count)) for count, at in enumerate(moments)]
    dash = max(1, len(places) // 40)
    canvas.rows([(*here, *there) for at, (here, there) in enumerate(pairwise(places))
                 if at // dash % 2 == 0], f"{kind} thin")
    x, y = places[-1]
    canvas.dot(x, y, kind, 6)
    canvas.text(x + 6, y - rise, f"all read {seconds(moments[-1])}",
                f"{kind} bold", anchor="end")


def _stairs(
    across: Axis, up: Axis, arrivals: Sequence[float]
) -> Iterator[tuple[float, float, float, float]]:
    """Flat until a token comes, then a step up."""
    x, y = across.left, up.at(0)
    for count, arrival in enumerate(arrivals, 1):
        yield x, y, across.at(arrival), y
        x = across.at(arrival)
        yield x, y, x, up.at(count)
        y = up.at(count)
