"""Two knobs, many servers: a small timeline for each, with two questions answered.

*Text early?* and *health alive?* are asked of every box; the reader's own answers stand
beside the measured ones.
"""

from collections.abc import Mapping
from functools import partial
from math import inf
from statistics import median

from lab_utils.plots.canvas import NARROW, Axis, Canvas, milliseconds
from lab_utils.plots.lanes import extent_of
from lab_utils.plots.picture import Picture
from lab_utils.plots.words import AT_ONCE_MS
from lab_utils.timeline import Timeline

Boxes = Mapping[tuple[str, str], Timeline | None]
"""(row, column) to what was measured; None where nothing was measured yet."""

Guesses = Mapping[tuple[str, str], tuple[bool, bool]]
"""(row, column) to what the reader thinks: text early? health alive?"""

QUESTIONS = ("text early", "health alive")
TOKENS, HEALTH, LINE = 30, 40, 26
BOX = TOKENS + 10 + HEALTH + 2 * LINE + 20


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
    rows, columns = _sides(boxes)
    narrow = width <= NARROW
    across, down = (rows, columns) if narrow else (columns, rows)
    left, head = (6.0, 30.0) if narrow else (92.0, 52.0)
    above = 28.0 if narrow else 0.0  # room for a name over each line of boxes
    room = (width - left) / max(len(across), 1)
    bottom = head + len(down) * (above + BOX)
    canvas = Canvas(width, bottom + (132 if narrow else 80))
    for at, name in enumerate(across):
        for line, part in enumerate(name.split(", ")):
            kind = "soft" if line else "bold"
            canvas.text(left + at * room, 18 + 22 * line, part, kind)
    extent = extent_of([run for run in boxes.values() if run is not None])
    for place, name in enumerate(down):
        y = head + place * (above + BOX) + above
        if narrow:
            canvas.text(0, y - 8, name, "bold")
        else:
            for line, part in enumerate(name.split()):
                canvas.text(0, y + 18 + 21 * line, part, "bold")
        for at, other in enumerate(across):
            key = (other, name) if narrow else (name, other)
            x = left + at * room
            _box(canvas, Axis((0, extent), x, x + room - 18), y, boxes.get(key),
                 guesses.get(key))
    for at in range(len(across)):
        x = left + at * room
        canvas.time_axis(Axis((0, extent), x, x + room - 18), bottom, "")
    canvas.text(0, bottom + 24 + (26 if narrow else 0), "seconds", "soft")
    canvas.legend(bottom + (80 if narrow else 64), [
        ("tick", "a token arrives"), ("dot", "/health answered at once"),
        ("late", "/health waits"), *([("guess", "your guess")] if guesses else []),
    ])
    return canvas


def _box(
    canvas: Canvas, axis: Axis, y: float, run: Timeline | None,
    guess: tuple[bool, bool] | None,
) -> None:
    canvas.rect(axis.left, y, axis.right - axis.left, TOKENS, "band")
    seen = None if run is None else answers(run)
    if run is not None:
        _tokens(canvas, axis, run, y)
        _pings(canvas, axis, run, y + TOKENS + 10)
    for at, question in enumerate(QUESTIONS):
        line = y + TOKENS + 10 + HEALTH + LINE * (at + 1) - 6
        canvas.text(axis.left, line, question, "soft", size=15)
        x = axis.left + 98
        if seen is not None:
            canvas.text(x, line, _yes(seen[at]), f"bold {_colour(seen[at])}")
        if guess is not None:
            canvas.guess(x + 48, line - 6, 8)
            if seen is not None:
                right = guess[at] == seen[at]
                canvas.text(x + 59, line, "✓" if right else "✗", _colour(right))


def _colour(good: bool) -> str:
    return "alive" if good else "late"


def _tokens(canvas: Canvas, axis: Axis, run: Timeline, y: float) -> None:
    first = run.arrivals[0] if run.arrivals else run.ended or run.seen
    canvas.hatch(axis.left, y, axis.at(first) - axis.left, TOKENS)
    canvas.rows([(axis.at(at), y + 3, axis.at(at), y + TOKENS - 3)
                 for at in run.arrivals[1:]], "token thin")
    if run.arrivals:
        canvas.line(axis.at(first), y - 3, axis.at(first), y + TOKENS + 3, "first")


def _pings(canvas: Canvas, axis: Axis, run: Timeline, y: float) -> None:
    """Dots on the first row; pings that wait hang below, each on a row of its own."""
    late = sum(wait > AT_ONCE_MS for wait in run.waits_ms)
    step = min(6.0, (HEALTH - 8) / max(late, 1))
    row = 0
    for ping, wait in zip(run.pings, run.waits_ms, strict=True):
        x = axis.at(ping.sent)
        if wait <= AT_ONCE_MS:
            canvas.dot(x, y + 4, "alive", 3)
            continue
        height = y + 4 + row * step
        canvas.dot(x, height, "late", 2.2)
        canvas.line(x, height, axis.at(ping.sent + wait / 1e3), height, "late thin")
        row += 1
