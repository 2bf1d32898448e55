"""Requests on one time axis, each with its tokens and a lane of `/health` pings.

The picture of the series: a blocked server becomes a hatched band over a triangle of
waiting pings, a streaming one a row of ticks over a row of dots.
"""

from collections.abc import Sequence
from functools import partial

from lab_utils.plots.axis import Axis, round_up
from lab_utils.plots.canvas import Canvas
from lab_utils.plots.guess import Guess
from lab_utils.plots.lane import gap_lane, health_lane, token_lane, until_first
from lab_utils.plots.legend import Entry, guessed, legend
from lab_utils.plots.picture import Picture
from lab_utils.plots.text import milliseconds, seconds
from lab_utils.plots.words import describe, health_words, pace, table
from lab_utils.timeline import Timeline

TOKENS, HEALTH, GAPS = 46, 58, 78
"""Heights of the lanes, in pixels."""

ABOVE, BETWEEN, NAME, APART = 30, 14, 24, 16
"""Pixels: above a lane of tokens, above one of pings, for a name that stands above a
lane where there is no room beside it, and between two requests."""


def lanes(
    timelines: Timeline | Sequence[Timeline],
    *,
    title: str = "",
    guess: Guess | None = None,
    extent: float | None = None,
    now: float | None = None,
    gaps: bool = False,
) -> Picture:
    """Draw `timelines` below each other on one axis that starts when each was sent.

    guess: drawn as a diamond on the axis if its unit is a time. extent: the end of the
    axis in seconds; None takes the longest run. now: where the dashed line stands.
    gaps: with a lane for the milliseconds between tokens.
    """
    runs = [timelines] if isinstance(timelines, Timeline) else list(timelines)
    extent = extent or extent_of(runs)
    draw = partial(_draw, runs, title, guess, extent, now, gaps)
    what = title or " · ".join(run.label for run in runs if run.label) or "One request"
    return Picture(what, " ".join(map(describe, runs)), draw, table(runs))


def extent_of(runs: Sequence[Timeline]) -> float:
    """The end of an axis that holds all of `runs`, in seconds."""
    ends = [max(run.ended or run.seen, *run.unread, 0.0) for run in runs]
    return max(1.04 * max(ends, default=0.0), 0.1)


def extent_for(now: float, expected: float = 0.0) -> float:
    """The end of an axis for runs that grow: holds `now` and what is expected, in
    seconds. It grows in steps, never by sliding."""
    return round_up(1.05 * max(expected, now, 0.5))


def _draw(
    runs: list[Timeline], title: str, guess: Guess | None, extent: float,
    now: float | None, gaps: bool, width: int,
) -> Canvas:
    canvas = Canvas(width)
    left = 196 if not canvas.narrow else 58 if gaps else 8
    axis = Axis((0, extent), left, width - 96)
    names = 2 * NAME if canvas.narrow else 0
    middle = GAPS + 28 if gaps else 0
    each = names + ABOVE + TOKENS + middle + BETWEEN + HEALTH + APART
    top = canvas.head(title, _conditions(runs))
    bottom = top + len(runs) * each + 4
    if now is not None and now < extent:
        canvas.line(axis.at(now), top + ABOVE, axis.at(now), bottom, "now")
    for at, run in enumerate(runs):
        _run(canvas, axis, run, top + at * each, gaps)
    canvas.axis(axis, bottom, guess=guess)
    legend(canvas, bottom, _legend(runs, guess, now))
    return canvas


def _conditions(runs: list[Timeline]) -> str:
    models = {run.about.partition(" · ")[0] for run in runs if run.about}
    slowest = pace(max((run.pace_ms for run in runs), default=0))
    words = sorted(models) if len(models) == 1 else []
    words += [slowest] if slowest else []
    return " · ".join([*words, "one time axis" if len(runs) > 1 else "time since sent"])


def _legend(
    runs: list[Timeline], guess: Guess | None, now: float | None
) -> list[Entry]:
    """What the marks mean; the same rows while a run grows, so that nothing jumps."""
    entries: list[Entry] = [("tick", "a token arrives")]
    if now is not None or any(run.pings for run in runs):
        entries += [("dot", "/health answered at once"), ("late", "/health waits")]
    if any(run.unread for run in runs):
        entries += [("unread", "made for nobody")]
    return entries + guessed(guess)


def _run(
    canvas: Canvas, axis: Axis, run: Timeline, top: float, gaps: bool
) -> None:
    """One request: its name, and its lanes below each other."""
    above = NAME if canvas.narrow else 0
    y = top + above + ABOVE
    if canvas.narrow:
        canvas.label(0, top + 16, run.label or "tokens")
    else:
        canvas.label(0, y + 20, *(run.label or "tokens").split(", ", 1))
    _tokens(canvas, axis, run, y)
    y += TOKENS
    if gaps:
        _gaps(canvas, axis, run, y + 28)
        y += GAPS + 28
    if run.pings:
        _health(canvas, axis, run, y + above + BETWEEN)


def _tokens(canvas: Canvas, axis: Axis, run: Timeline, y: float) -> None:
    token_lane(canvas, axis, run, y, TOKENS)
    first = axis.at(until_first(run))
    if first - axis.left > 190:
        middle = (axis.left + first) / 2
        canvas.rect(middle - 86, y + 12, 172, 22, "band")
        canvas.text(middle, y + 29, "nothing to read yet", "soft", anchor="middle")
    if run.arrivals:
        on_right = first > (axis.left + axis.right) / 2
        canvas.text(first + (6 if on_right else -4), y - 12,
                    f"first token {milliseconds(run.ttft_ms)}", "first bold",
                    anchor="end" if on_right else "start")
    _ending(canvas, axis.right + 10, run, y)


def _ending(canvas: Canvas, x: float, run: Timeline, y: float) -> None:
    """At the right end of the lane: how long it took, or what went wrong."""
    if run.unread:
        canvas.label(x, y + 20, f"+{len(run.unread)}", "wasted", kind="late bold")
    elif run.state == "failed":
        canvas.text(x, y + 30, "failed", "late bold")
    elif run.ended is not None:
        canvas.text(x, y + 30, seconds(run.ended), "bold")


def _gaps(canvas: Canvas, axis: Axis, run: Timeline, y: float) -> None:
    if canvas.narrow:
        canvas.note(axis.left, y - 8, "gap between tokens, ms")
    else:
        canvas.label(0, y + 34, "gap between", "tokens, ms", kind="soft")
    gap_lane(canvas, axis, run, y, GAPS)


def _health(canvas: Canvas, axis: Axis, run: Timeline, y: float) -> None:
    said = health_words(run)
    if canvas.narrow:
        canvas.note(0, y - 8, f"/health · {said}")
    else:
        canvas.label(0, y + 15, "/health", *said.split(", "), kind="soft")
    health_lane(canvas, axis, run, y, HEALTH)
