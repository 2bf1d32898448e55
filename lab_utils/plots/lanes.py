"""Requests on one time axis, each with its tokens and a lane of `/health` pings.

The picture of the series: a blocked server becomes a hatched band over a triangle of
waiting pings, a streaming one a row of ticks over a row of dots.
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from statistics import median

from lab_utils.plots.canvas import (
    Axis,
    Canvas,
    milliseconds,
    number,
    round_up,
)
from lab_utils.plots.guess import Guess
from lab_utils.plots.picture import Picture
from lab_utils.plots.words import AT_ONCE_MS, describe, health_words, table
from lab_utils.timeline import Ping, Timeline

TOKENS, HEALTH, GAPS = 46, 58, 78
"""Heights of the lanes, in pixels."""

ABOVE, BETWEEN = 30, 14

BESIDE = 700
"""From this width on there is room for names beside the lanes."""


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
    narrow = width < BESIDE
    left = 58.0 if gaps and narrow else 8.0 if narrow else 196.0
    axis = Axis((0, extent), left, width - 96)
    words = 24 if narrow else 0
    middle = GAPS + 28 if gaps else 0
    each = words + ABOVE + TOKENS + middle + words + BETWEEN + HEALTH
    top = 58 if title else 4
    bottom = top + len(runs) * (each + 16)
    canvas = Canvas(width, bottom)
    if title:
        canvas.text(0, 22, title, "bold", size=18 if narrow else 20)
        canvas.text(0, 46, _conditions(runs), "soft", size=16 if narrow else 17)
    if now is not None and now < extent:
        canvas.line(axis.at(now), top + ABOVE, axis.at(now), bottom + 4, "now")
    for at, run in enumerate(runs):
        _run(canvas, axis, run, top + at * (each + 16), gaps, words)
    canvas.time_axis(axis, bottom + 4)
    if guess is not None and guess.seconds is not None:
        canvas.guess(axis.at(guess.seconds), bottom + 4)
    canvas.height = 16 + canvas.legend(bottom + 60, _legend(runs, guess, now))
    return canvas


def _conditions(runs: list[Timeline]) -> str:
    models = {run.about.partition(" · ")[0] for run in runs if run.about}
    pace = {run.pace_ms for run in runs if run.pace_ms}
    words = sorted(models) if len(models) == 1 else []
    words += [f"paced: at least {number(max(pace))} ms per step"] if pace else []
    return " · ".join([*words, "one time axis" if len(runs) > 1 else "time since sent"])


def _legend(
    runs: list[Timeline], guess: Guess | None, now: float | None
) -> list[tuple[str, str]]:
    """What the marks mean; the same rows while a run grows, so that nothing jumps."""
    pings = now is not None or any(run.pings for run in runs)
    health = [("dot", "/health answered at once"), ("late", "/health waits")]
    return [
        ("tick", "a token arrives"),
        *(health if pings else []),
        *([("unread", "made for nobody")] if any(run.unread for run in runs) else []),
        *([("guess", str(guess))] if guess is not None else []),
    ]


def _run(
    canvas: Canvas, axis: Axis, run: Timeline, top: float, gaps: bool, words: float
) -> None:
    """One request: its name, tokens, gaps and pings. words: the height of the names
    that stand above the lanes where there is no room beside them."""
    label, _, detail = run.label.partition(", ")
    y = top + words + ABOVE
    if words:
        canvas.text(0, top + 16, run.label or "tokens", "bold")
    else:
        canvas.text(0, y + 20, label or "tokens", "bold" if label else "soft")
        canvas.text(0, y + 42, detail, "soft")
    _tokens(canvas, axis, run, y)
    y += TOKENS
    if gaps:
        _gaps(canvas, axis, run, y + 28)
        y += GAPS + 28
    y += words + BETWEEN
    said = health_words(run)
    if not run.pings:
        return
    if words:
        _words(canvas, 0, y - 8, f"/health · {said}")
    else:
        canvas.text(0, y + 15, "/health", "soft")
        for at, part in enumerate(said.split(", ")):
            canvas.text(0, y + 36 + 20 * at, part, "soft", size=16)
    _health(canvas, axis, run, y)


def _words(canvas: Canvas, x: float, y: float, words: str) -> None:
    """Words that stand above a lane, where the line of now may pass behind them."""
    canvas.rect(x, y - 18, len(words) * 8.6, 24, "paper")
    canvas.text(x, y, words, "soft", size=16)


def _tokens(canvas: Canvas, axis: Axis, run: Timeline, y: float) -> None:
    canvas.rect(axis.left, y, axis.right - axis.left, TOKENS, "band")
    first = run.arrivals[0] if run.arrivals else run.ended or run.seen
    canvas.hatch(axis.left, y, axis.at(first) - axis.left, TOKENS)
    if axis.at(first) - axis.left > 190:
        middle = (axis.left + axis.at(first)) / 2
        canvas.rect(middle - 86, y + 12, 172, 22, "band")
        canvas.text(middle, y + 29, "nothing to read yet", "soft", anchor="middle")
    _ticks(canvas, axis, run.arrivals[1:], y, "token")
    _ticks(canvas, axis, run.unread, y, "late")
    if run.arrivals:
        x = axis.at(first)
        canvas.line(x, y - 8, x, y + TOKENS + 6, "first")
        on_right = x > (axis.left + axis.right) / 2
        canvas.text(x + (6 if on_right else -4), y - 12,
                    f"first token {milliseconds(run.ttft_ms)}", "first bold",
                    anchor="end" if on_right else "start")
    if run.left is not None:
        canvas.cross(axis.at(run.left), y + TOKENS / 2, "ink", 8)
    _ending(canvas, axis, run, y)


def _ending(canvas: Canvas, axis: Axis, run: Timeline, y: float) -> None:
    """At the right end of the lane: how long it took, or what went wrong."""
    x = axis.right + 10
    if run.unread:
        canvas.text(x, y + 20, f"+{len(run.unread)}", "late bold")
        canvas.text(x, y + 40, "wasted", "soft", size=16)
    elif run.state == "failed":
        canvas.text(x, y + 30, "failed", "late bold")
    elif run.ended is not None:
        canvas.text(x, y + 30, milliseconds(1e3 * run.ended), "bold")


def _ticks(
    canvas: Canvas, axis: Axis, moments: Sequence[float], y: float, kind: str
) -> None:
    width = axis.at(moments[-1]) - axis.at(moments[0]) if moments else 0
    dense = width < 5 * len(moments)
    marks = [(axis.at(at), y + 4, axis.at(at), y + TOKENS - 4) for at in moments]
    canvas.rows(marks, f"{kind} thin" if dense else kind)


def _gaps(canvas: Canvas, axis: Axis, run: Timeline, y: float) -> None:
    gaps = run.gaps_ms
    typical = max(run.median_gap_ms or 0, run.pace_ms, 1.0)
    top = round_up(max([2 * typical, *gaps]))
    scale = Axis((0, top), y + GAPS, y)
    for value in (0.0, top / 2, top):
        canvas.line(axis.left, scale.at(value), axis.right, scale.at(value), "rule")
        canvas.text(axis.left - 8, scale.at(value) + 6, number(value), "soft",
                    anchor="end", size=16)
    if axis.left > 100:
        canvas.text(0, y + 34, "gap between", "soft")
        canvas.text(0, y + 54, "tokens, ms", "soft")
    else:
        _words(canvas, axis.left, y - 8, "gap between tokens, ms")
    for moment, gap in zip(run.arrivals[1:], gaps, strict=False):
        canvas.dot(axis.at(moment), scale.at(gap), "token", 3.5)


def _health(canvas: Canvas, axis: Axis, run: Timeline, y: float) -> None:
    """Dots on the first row; pings that wait hang below, each on a row of its own."""
    step = _row_height(run.pings, axis)
    row, waiting, starts = 0, [], []
    ends: list[tuple[float, float]] = []
    for ping, wait in zip(run.pings, run.waits_ms, strict=True):
        x = axis.at(ping.sent)
        if wait <= AT_ONCE_MS and ping.answered is not None:
            canvas.dot(x, y + 8, "alive")
            row = 0
            continue
        end = axis.at(run.seen if ping.answered is None else ping.answered)
        height = y + 8 + min(row * step, HEALTH - 14)
        waiting.append((x, height, end, height))
        starts.append((x, height))
        if ping.answered is None:
            canvas.arrow(end, height, "late thin", 4)
        else:
            ends.append((end, height))
        row += 1
    canvas.rows(waiting, "late thin")
    canvas.rows([(x, at - 4, x, at + 4) for x, at in ends], "late")
    for x, at in starts:
        canvas.dot(x, at, "late", 2.6)


def _row_height(pings: list[Ping], axis: Axis) -> float:
    """So high that a whole run of waiting pings fits its lane; fixed by the axis and
    the schedule, so that nothing moves while pings are added."""
    between = [later.sent - ping.sent for ping, later in pairwise(pings)]
    most = (axis.high - axis.low) / max(median(between), 1e-3) if between else 1
    return min(7.0, (HEALTH - 14) / max(most, 1))
