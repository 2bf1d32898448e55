"""Tokens that were read, and tokens that were made for a reader who had left."""

from collections.abc import Mapping, Sequence
from functools import partial

from lab_utils.plots.axis import Axis, round_up
from lab_utils.plots.canvas import Canvas
from lab_utils.plots.guess import Guess
from lab_utils.plots.legend import guessed, legend
from lab_utils.plots.picture import Picture

TITLE = "Tokens nobody read"
LANE, GAP, NAME = 46, 20, 24
"""Heights in pixels; NAME: of a name above its lane."""


def wasted(
    made: Mapping[str, int], guesses: Mapping[str, Guess] | None = None, *, read: int
) -> Picture:
    """Draw a tick per token, and a ✕ where the reader left.

    made: by the name of each server, how many tokens it made in all. guesses: by name,
    how many of them the learner expected to be made for nobody. read: how many the
    reader had read before leaving.
    """
    said = " ".join(
        f"{name}: {read} tokens read, {count - read} more made for nobody."
        for name, count in made.items()
    )
    table = [["", "read", "made for nobody"], *(
        [name, str(read), str(count - read)] for name, count in made.items()
    )]
    return Picture(TITLE, said, partial(_draw, made, guesses or {}, read), table)


def _draw(
    made: Mapping[str, int], guesses: Mapping[str, Guess], read: int, width: int
) -> Canvas:
    canvas = Canvas(width)
    beside = NAME if canvas.narrow else 0
    each = beside + LANE + GAP
    hints = [guesses.get(name) for name in made]
    axis = Axis((0, _end(made, hints, read)), 8 if canvas.narrow else 196,
                width - 84)
    top = canvas.head(TITLE, "a mark per token · ✕ = the reader left")
    bottom = top + len(made) * each
    for at, (name, count) in enumerate(made.items()):
        y = top + at * each
        canvas.label(0, y + (16 if canvas.narrow else 30), name)
        _lane(canvas, axis, read, count, y + beside, guesses.get(name))
    canvas.axis(axis, bottom, "tokens")
    legend(canvas, bottom, [("tick", "made and read"), ("unread", "made for nobody"),
                            *guessed(*hints)])
    return canvas


def _end(made: Mapping[str, int], guesses: Sequence[Guess | None], read: int) -> float:
    """The end of the axis: behind all tokens and all guesses."""
    behind = [read + guess.value for guess in guesses if guess is not None]
    most = max([read, *made.values(), *behind])
    return 1 + (most if most <= 60 else round_up(most))


def _lane(
    canvas: Canvas, axis: Axis, read: int, made: int, y: float, guess: Guess | None
) -> None:
    canvas.rect(axis.left, y, axis.right - axis.left, LANE, "band")
    for first, last, kind in ((1, min(read, made), "token"), (read + 1, made, "late")):
        places = [axis.at(number) for number in range(first, last + 1)]
        canvas.rows([(x, y + 4, x, y + LANE - 4) for x in places], kind)
    canvas.cross(axis.at(read + 0.5), y + LANE + 2, "ink", 6)
    if guess is not None:
        canvas.guess(axis.at(read + guess.value), y + LANE / 2)
    unread = made - read
    canvas.label(axis.right + 10, y + 21, f"+{unread}", "unread",
                 kind="late bold" if unread else "bold")
