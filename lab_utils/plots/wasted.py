"""Tokens that were read, and tokens that were made for a reader who had left."""

from collections.abc import Mapping, Sequence
from functools import partial

from lab_utils.plots.canvas import NARROW, Axis, Canvas, round_up
from lab_utils.plots.guess import Guess
from lab_utils.plots.picture import Picture
from lab_utils.timeline import Timeline

TITLE = "Tokens nobody read"
LANE, GAP = 46, 20
"""Heights in pixels."""


def wasted(
    runs: Timeline | Sequence[Timeline], guesses: Mapping[str, Guess] | None = None
) -> Picture:
    """Draw a tick per token of each run, and a ✕ where its reader left.

    guesses: by label, how many tokens the reader expected to be made for nobody.
    """
    lanes = [runs] if isinstance(runs, Timeline) else list(runs)
    draw = partial(_draw, lanes, guesses or {})
    return Picture(TITLE, " ".join(map(describe, lanes)), draw, table(lanes))


def describe(run: Timeline) -> str:
    """A sentence for who cannot see the picture."""
    return (
        f"{run.label}: {len(run.arrivals)} tokens read, "
        f"{len(run.unread)} more made for nobody."
    )


def table(runs: Sequence[Timeline]) -> list[list[str]]:
    """The counts of each run, one row each."""
    return [["", "read", "made for nobody"], *(
        [run.label, str(len(run.arrivals)), str(len(run.unread))] for run in runs
    )]


def _draw(
    runs: list[Timeline], guesses: Mapping[str, Guess], width: int
) -> Canvas:
    narrow = width <= NARROW
    words = 24 if narrow else 0
    each, top = words + LANE + GAP, 62
    bottom = top + len(runs) * each
    guessed = [run for run in runs if run.label in guesses]
    most = max([
        *(len(run.arrivals) + len(run.unread) for run in runs),
        *(len(run.arrivals) + guesses[run.label].value for run in guessed), 1,
    ])
    end = most if most <= 60 else round_up(most)
    axis = Axis((0, end + 1), 8 if narrow else 196, width - 84)
    canvas = Canvas(width, bottom)
    canvas.text(0, 22, TITLE, "bold", size=18 if narrow else 20)
    canvas.text(0, 46, "a mark per token · ✕ = the reader left", "soft")
    for at, run in enumerate(runs):
        y = top + at * each
        canvas.text(0, y + (16 if narrow else 30), run.label, "bold")
        _lane(canvas, axis, run, y + words, guesses.get(run.label))
    canvas.time_axis(axis, bottom, "tokens")
    canvas.height = 14 + canvas.legend(bottom + 60, [
        ("tick", "made and read"), ("unread", "made for nobody"),
        *([("guess", "your guess" + "es" * (len(guessed) > 1))] if guessed else []),
    ])
    return canvas


def _lane(
    canvas: Canvas, axis: Axis, run: Timeline, y: float, guess: Guess | None
) -> None:
    read, unread = len(run.arrivals), len(run.unread)
    canvas.rect(axis.left, y, axis.right - axis.left, LANE, "band")
    for first, count, kind in ((1, read, "token"), (read + 1, unread, "late")):
        places = [axis.at(first + number) for number in range(count)]
        canvas.rows([(x, y + 4, x, y + LANE - 4) for x in places], kind)
    canvas.cross(axis.at(read + 0.5), y + LANE + 2, "ink", 6)
    if guess is not None:
        canvas.guess(axis.at(read + guess.value), y + LANE / 2)
    canvas.text(axis.right + 10, y + 21, f"+{unread}", "late bold" if unread else
                "bold")
    canvas.text(axis.right + 10, y + 40, "unread", "soft", size=15)
