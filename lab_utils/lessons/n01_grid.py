"""Two knobs, many servers: a small timeline for each, with two questions answered.

*Text early?* and *health alive?* are asked of every box; the reader's own answers stand
beside the measured ones.
"""

from collections.abc import Mapping
from functools import partial
from math import inf
from statistics import median

from lab_utils.plots.axis import Axis
from lab_utils.plots.canvas import LINE, Canvas
from lab_utils.plots.lane import health_lane, token_lane
from lab_utils.plots.lanes import extent_of
from lab_utils.plots.legend import legend
from lab_utils.plots.picture import Picture
from lab_utils.plots.text import SMALL, milliseconds
from lab_utils.timeline import Timeline

Boxes = Mapping[tuple[str, str], Timeline | None]
"""(row, column) to what was measured; None where nothing was measured yet."""

Guesses = Mapping[tuple[str, str], tuple[bool, bool]]
"""(row, column) to what the reader thinks: text early? health alive?"""

QUESTIONS = ("text early", "health alive")
TOKENS, HEALTH, QUESTION = 30, 40, 26
BOX = TOKENS + 10 + HEALTH + 2 * QUESTION + 20
"""Heights in pixels: of the lanes, of a question, and of a box with all of them."""


def text_early(run: Timeline) -> bool:
    """Whether the first token came in the first third of the answer's time."""
    ended = run.ended or run.seen
    return bool(run.arrivals) and run.arrivals[0] < ended / 3


def health_alive(run: Timeline) -> bool:
    """Whether the typical ping (the median) waited less than a fifth of that time."""
    ended = run.ended or run.seen
    return median(run.waits_ms or [inf]) < 1e3 * ended / 5


def grid(boxes: Boxes, guesses: Guesses | None = None) -> Picture:
    """Draw `boxes` as a grid of small timelines on the same scale.

    guesses: the reader's answers to both questions; a diamond in each of their boxes.
    """
    guesses = dict(guesses or {})  # what was guessed when it was drawn
    rows = [["server", *QUESTIONS, "first token", "slowest /health", "guessed right"]]
    words = []
    for key, run in boxes.items():
        if run is None:
            continue
        early, alive = answers(run)
        rows.append([
            ", ".join(key), _yes(early), _yes(alive), milliseconds(run.ttft_ms),
            milliseconds(run.slowest_ping_ms), _score(guesses.get(key), (early, alive)),
        ])
        words.append(f"{', '.join(key)}: text {'early' if early else 'late'}, "
                     f"/health {'alive' if alive else 'waits'}.")
    draw = partial(_draw, boxes, guesses)
    return Picture("Two knobs on a grid of servers", " ".join(words), draw, rows)


def answers(run: Timeline) -> tuple[bool, bool]:
    """Text early? Health alive?"""
    return text_early(run), health_alive(run)


def _sides(boxes: Boxes) -> tuple[list[str], list[str]]:
    return (list(dict.fromkeys(row for row, _ in boxes)),
            list(dict.fromkeys(column for _, column in boxes)))


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


def _score(guess: tuple[bool, bool] | None, seen: tuple[bool, bool]) -> str:
    if guess is None:
        return "–"
    return f"{sum(a == b for a, b in zip(guess, seen, strict=True))} of 2"


def _draw(boxes: Boxes, guesses: Guesses, width: int) -> Canvas:
    """Wide: as told. Narrow: the columns below each other, their rows side by side."""
    canvas = Canvas(width)
    rows, columns = _sides(boxes)
    across, down = (rows, columns) if canvas.narrow else (columns, rows)
    left, top, above = (6, 30, 28) if canvas.narrow else (92, 52, 0)
    room = (width - left) / max(len(across), 1)
    bottom = top + len(down) * (above + BOX)
    runs = [run for run in boxes.values() if run is not None]
    axes = [Axis((0, extent_of(runs)), x, x + room - 18)
            for x in (left + at * room for at in range(len(across)))]
    for axis, name in zip(axes, across, strict=True):
        canvas.label(axis.left, 18, *name.split(", "))
        canvas.axis(axis, bottom, "")
    for at, name in enumerate(down):
        y = top + at * (above + BOX) + above
        _name(canvas, name, y)
        for axis, other in zip(axes, across, strict=True):
            key = (other, name) if canvas.narrow else (name, other)
            _box(canvas, axis, y, boxes.get(key), guesses.get(key))
    _foot(canvas, bottom, guesses)
    return canvas


def _name(canvas: Canvas, name: str, y: float) -> None:
    """Of a line of boxes: above it, or word by word beside it."""
    if canvas.narrow:
        canvas.label(0, y - 8, name)
    else:
        for at, word in enumerate(name.split()):
            canvas.label(0, y + 18 + LINE * at, word)


def _foot(canvas: Canvas, bottom: float, guesses: Guesses) -> None:
    lower = 26 if canvas.narrow else 0
    canvas.text(0, bottom + 24 + lower, "seconds", "soft", size=SMALL)
    legend(canvas, bottom + lower, [
        ("tick", "a token arrives"), ("dot", "/health answered at once"),
        ("late", "/health waits"), *([("guess", "your guess")] if guesses else []),
    ])


def _box(
    canvas: Canvas, axis: Axis, y: float, run: Timeline | None,
    guess: tuple[bool, bool] | None,
) -> None:
    below = y + TOKENS + 10
    if run is None:
        canvas.rect(axis.left, y, axis.right - axis.left, TOKENS, "band")
    else:
        token_lane(canvas, axis, run, y, TOKENS)
        health_lane(canvas, axis, run, below - 4, HEALTH + 4, 3)
    seen = (None, None) if run is None else answers(run)
    for at, question in enumerate(QUESTIONS):
        line = below + HEALTH + QUESTION * (at + 1) - 6
        canvas.text(axis.left, line, question, "soft", size=SMALL)
        _answer(canvas, axis.left + 104, line, seen[at], guess and guess[at])


def _answer(
    canvas: Canvas, x: float, y: float, seen: bool | None, guess: bool | None
) -> None:
    """What was seen, and a diamond with a sign for whether it had been guessed."""
    if seen is not None:
        canvas.text(x, y, _yes(seen), f"bold {_colour(seen)}")
    if guess is not None:
        canvas.guess(x + 46, y - 6, 8)
    if seen is not None and guess is not None:
        right = guess == seen
        canvas.text(x + 56, y, "✓" if right else "✗", _colour(right))


def _colour(good: bool) -> str:
    return "alive" if good else "late"
