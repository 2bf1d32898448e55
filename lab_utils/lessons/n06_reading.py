"""The reader's curve: tokens on the screen against seconds, and how far a person is.

Streaming moves the beginning of the curve, not its end. A person who reads more slowly
than the server writes finishes when the reading is over, not the server.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

from lab_utils.plots.canvas import NARROW, Axis, Canvas, milliseconds, number, round_up
from lab_utils.plots.guess import Guess
from lab_utils.plots.picture import Picture
from lab_utils.timeline import Timeline

READS = 5.0
"""Tokens per second that a person reads unless told otherwise: about 200 words a
minute."""

TOP, HEIGHT, LABEL = 112, 280, 170
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
    return Picture("The reader's curve", words, draw, table(runs, reads))


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
        f"{milliseconds(run.ttft_ms)}, the last after "
        f"{milliseconds(1e3 * run.arrivals[-1])}; read at {number(reads)} tokens/s "
        f"after {milliseconds(1e3 * (read_all_s(run, reads) or 0))}."
    )


def table(runs: Sequence[Timeline], reads: float) -> list[list[str]]:
    """First and last token, and when all was read; one column each."""
    ends = [milliseconds(1e3 * at) if (at := read_all_s(run, reads)) else "–"
            for run in runs]
    last = [milliseconds(1e3 * run.arrivals[-1]) if run.arrivals else "–"
            for run in runs]
    return [
        ["", *(run.label for run in runs)],
        ["first token on the screen", *(milliseconds(run.ttft_ms) for run in runs)],
        ["last token on the screen", *last],
        [f"all read, at {number(reads)} tokens/s", *ends],
    ]


def _draw(
    runs: list[Timeline], reads: float, guess: Guess | None, width: int
) -> Canvas:
    narrow = width <= NARROW
    most = max(1, *(len(run.arrivals) for run in runs))
    ends = [read_all_s(run, reads) or run.seen for run in runs]
    seconds = guess.seconds if guess is not None else None
    if seconds is not None and seconds < 2 * max(ends):
        ends.append(seconds)
    top, bottom = TOP, TOP + HEIGHT
    across = Axis((0, 1.04 * max(*ends, 0.1)), 56, width - 44)
    up = Axis((0, round_up(most)), bottom, top)
    canvas = Canvas(width, bottom)
    canvas.text(0, 22, "The reader's curve", "bold", size=18 if narrow else 20)
    canvas.text(0, 48, f"a person who reads {number(reads)} tokens per second", "soft")
    canvas.text(0, top - 16, "tokens", "soft")
    for value in up.ticks(5):
        canvas.line(across.left, up.at(value), across.right, up.at(value), "rule")
        canvas.text(48, up.at(value) + 6, f"{value:g}", "soft", anchor="end")
    _gained(canvas, across, up, runs)
    close = abs(across.at(ends[0]) - across.at(ends[1])) < LABEL
    for run, kind, rise in zip(runs, KINDS, (14, 36 if close else 14), strict=True):
        _run(canvas, across, up, run, reads, kind, rise)
    canvas.time_axis(across, bottom)
    if guess is not None and seconds is not None:
        canvas.guess(across.at(seconds), bottom)
    canvas.height = _legend(canvas, runs, guess, bottom + 62) + 18
    return canvas


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
    canvas.text(x + 6, y - rise, f"all read {milliseconds(1e3 * moments[-1])}",
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


def _legend(
    canvas: Canvas, runs: list[Timeline], guess: Guess | None, y: float
) -> float:
    """What the lines mean; returns the last row's y."""
    x = 0.0
    entries = [
        *((kind, False, f"{run.label}: on the screen")
          for kind, run in zip(KINDS, runs, strict=True)),
        ("soft", True, "how far a person has read"),
        ("band", None, "what streaming gives"),
        *([("guess", None, str(guess))] if guess is not None else []),
    ]
    for kind, dashed, words in entries:
        room = 46 + len(words) * 9 + 16
        if x > 0 and x + room > canvas.width:
            x, y = 0.0, y + 26
        if kind == "guess":
            canvas.guess(x + 15, y - 6, 8)
        elif kind == "band":
            canvas.rect(x, y - 14, 32, 16, "band")
        elif dashed:
            canvas.rows([(x, y - 6, x + 9, y - 6), (x + 14, y - 6, x + 23, y - 6)],
                        "now")
        else:
            canvas.line(x, y - 6, x + 32, y - 6, kind)
        canvas.text(x + 40, y, words, "soft")
        x += room
    return y
