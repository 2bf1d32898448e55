"""Tokens that were read, and tokens that were made for a reader who had left."""

from collections.abc import Mapping
from functools import partial

from lab_utils.plots.canvas import NARROW, Axis, Canvas, round_up
from lab_utils.plots.guess import Guess
from lab_utils.plots.picture import Picture

TITLE = "Tokens nobody read"
LANE, GAP = 46, 20
"""Heights in pixels."""


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
    narrow = width <= NARROW
    words = 24 if narrow else 0
    each, top = words + LANE + GAP, 62
    bottom = top + len(made) * each
    guessed = [guesses[name] for name in made if name in guesses]
    most = max([read, *made.values(), *(read + guess.value for guess in guessed)])
    end = most if most <= 60 else round_up(most)
    axis = Axis((0, end + 1), 8 if narrow else 196, width - 84)
    canvas = Canvas(width, bottom)
    canvas.text(0, 22, TITLE, "bold", size=18 if narrow else 20)
    canvas.text(0, 46, "a mark per token · ✕ = the reader left", "soft")
    for at, (name, count) in enumerate(made.items()):
        y = top + at * each
        canvas.text(0, y + (16 if narrow else 30), name, "bold")
        _lane(canvas, axis, read, count, y + words, guesses.get(name))
    canvas.time_axis(axis, bottom, "tokens")
    canvas.height = 14 + canvas.legend(bottom + 60, [
        ("tick", "made and read"), ("unread", "made for nobody"),
        *([("guess", "your guess" + "es" * (len(guessed) > 1))] if guessed else []),
    ])
    return canvas


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
    kind = "late bold" if unread else "bold"
    canvas.text(axis.right + 10, y + 21, f"+{unread}", kind)
    canvas.text(axis.right + 10, y + 40, "unread", "soft", size=15)
