"""What happened to one request, in lanes: its tokens, their gaps, its pings."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from lab_utils.plots.axis import Axis, round_up
from lab_utils.plots.canvas import Canvas, Marks
from lab_utils.plots.text import number
from lab_utils.plots.words import AT_ONCE_MS
from lab_utils.timeline import Ping, Timeline


def token_lane(
    canvas: Canvas, axis: Axis, run: Timeline, y: float, height: float
) -> None:
    """A tick per token, the first one thick; hatched until it came. A ✕ where the
    reader left, and ticks in another colour for what was made after that."""
    canvas.rect(axis.left, y, axis.right - axis.left, height, "band")
    first = axis.at(until_first(run))
    canvas.hatch(axis.left, y, first - axis.left, height)
    _ticks(canvas, axis, run.arrivals[1:], (y + 4, y + height - 4), "token")
    _ticks(canvas, axis, run.unread, (y + 4, y + height - 4), "late")
    if run.arrivals:
        canvas.line(first, y - height / 7, first, y + height * 8 / 7, "first")
    if run.left is not None:
        canvas.cross(axis.at(run.left), y + height / 2, "ink", 8)


def until_first(run: Timeline) -> float:
    """How long nothing was to be read, in seconds."""
    return run.arrivals[0] if run.arrivals else run.ended or run.seen


def _ticks(
    canvas: Canvas, axis: Axis, moments: Sequence[float], rise: tuple[float, float],
    kind: str,
) -> None:
    top, bottom = rise
    places = [axis.at(moment) for moment in moments]
    dense = places and places[-1] - places[0] < 5 * len(places)
    marks = [(x, top, x, bottom) for x in places]
    canvas.rows(marks, f"{kind} thin" if dense else kind)


def gap_lane(
    canvas: Canvas, axis: Axis, run: Timeline, y: float, height: float
) -> None:
    """A dot per gap between two tokens, on a scale of milliseconds."""
    gaps = run.gaps_ms
    typical = max(run.median_gap_ms or 0, run.pace_ms, 1.0)
    top = round_up(max([2 * typical, *gaps]))
    scale = Axis((0, top), y + height, y)
    canvas.levels(axis, scale, {each: number(each) for each in (0.0, top / 2, top)})
    for moment, gap in zip(run.arrivals[1:], gaps, strict=False):
        canvas.dot(axis.at(moment), scale.at(gap), "token", 3.5)


def health_lane(
    canvas: Canvas, axis: Axis, run: Timeline, y: float, height: float,
    radius: float = 4.5,
) -> None:
    """Dots on the first row; pings that wait hang below, each on a row of its own."""
    step, row = _row_height(run.pings, axis, height), 0
    late: list[tuple[Ping, float]] = []
    for ping, wait in zip(run.pings, run.waits_ms, strict=True):
        if wait <= AT_ONCE_MS and ping.answered is not None:
            canvas.dot(axis.at(ping.sent), y + 8, "alive", radius)
            row = 0
        else:
            late.append((ping, y + 8 + min(row * step, height - 14)))
            row += 1
    _late_pings(canvas, axis, late, run.seen)


def _late_pings(
    canvas: Canvas, axis: Axis, pings: list[tuple[Ping, float]], seen: float
) -> None:
    """Lines as long as they waited; an arrow at one that still does."""
    lines: Marks = []
    ends: Marks = []
    for ping, y in pings:
        end = axis.at(seen if ping.answered is None else ping.answered)
        lines.append((axis.at(ping.sent), y, end, y))
        if ping.answered is None:
            canvas.arrow(end, y, "late thin", 4)
        else:
            ends.append((end, y - 4, end, y + 4))
    canvas.rows(lines, "late thin")
    canvas.rows(ends, "late")
    for x, y, *_ in lines:
        canvas.dot(x, y, "late", 2.6)


def _row_height(pings: list[Ping], axis: Axis, height: float) -> float:
    """So high that a whole run of waiting pings fits its lane; fixed by the axis and
    the schedule, so that nothing moves while pings are added."""
    between = [later.sent - ping.sent for ping, later in pairwise(pings)]
    most = (axis.high - axis.low) / max(median(between), 1e-3) if between else 1
    return min(7.0, (height - 14) / max(most, 1))
