"""What a token costs in time: each step of an answer, and after a long prompt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from lab_utils.lessons.n02_ratios import height, strip
from lab_utils.lessons.n02_squares import step_axis
from lab_utils.plots.canvas import NARROW, Axis, Canvas, number, round_up
from lab_utils.plots.guess import Guess
from lab_utils.plots.picture import Picture

TOP, FLOOR, LEFT, RIGHT = 50, 290, 66, 76
"""Pixels around the curves."""

BARS, BARS_TOP, BARS_FOOT = 150, 48, 44
"""Pixels: the highest bar, and around the bars of a run."""


def step_times(
    runs: Mapping[str, Sequence[float]], times: float, *, guess: Guess
) -> Picture:
    """Draw how long each step of two answers took, on one scale.

    runs: the name of each answer, and its steps in milliseconds. times: how many times
    as long the last steps of the first took; the guess is such a number.
    """
    high = round_up(max(max(ms) for ms in runs.values()))
    count = max(len(ms) for ms in runs.values())
    words = " ".join(
        f"{name}: {number(ms[0])} ms in the first step, {number(ms[-1])} ms in the "
        f"last, {number(median(ms))} ms in a median one." for name, ms in runs.items())
    rows = [["step", *(f"{name}, ms" for name in runs)]]
    rows += [[str(at + 1), *(number(ms[at]) for ms in runs.values())]
             for at in range(count)]

    def draw(width: int) -> Canvas:
        beside = width > NARROW
        each = width / 2 if beside else width
        panel = BARS_TOP + BARS + BARS_FOOT
        bottom = panel * (1 if beside else len(runs))
        canvas = Canvas(width, bottom + 14 + height(1))
        for index, (name, ms) in enumerate(runs.items()):
            left, top = (each * index, 0) if beside else (0, panel * index)
            axis = Axis((0.5, count + 0.5), left + 46, left + each - 58)
            canvas.text(left, top + 18, name, "bold")
            _bars(canvas, axis, top + BARS_TOP + BARS, ms, high)
        strip(canvas, bottom + 14, "the last step: how many times as long?",
              {next(iter(runs)): times}, guess)
        return canvas

    return Picture("The time of each step", words, draw, rows)


def _bars(
    canvas: Canvas, axis: Axis, floor: float, ms: Sequence[float], high: float
) -> None:
    """A bar for the milliseconds of each step."""
    scale = Axis((0, high), floor, floor - BARS)
    for value in (0, high / 2, high):
        y = scale.at(value)
        canvas.line(axis.left, y, axis.right, y, "rule")
        canvas.text(axis.left - 6, y + 5, number(value), "soft", size=15, anchor="end")
    canvas.text(axis.right + 8, floor + 5, "ms", "soft", size=15)
    for step, value in enumerate(ms, 1):
        left, y = axis.at(step - 0.5), scale.at(value)
        canvas.rect(left, y, axis.at(step + 0.5) - left - 1, floor - y,
                    "fill first" if step == 1 else "fill token")
    step_axis(canvas, axis, floor + 2, "step")


@dataclass(frozen=True, slots=True)
class Curve:
    """The best time after each prompt, in multiples of the picture's unit."""

    name: str
    kind: str
    values: Sequence[float]


def climb(
    first_ms: Mapping[int, Sequence[float]], further_ms: Mapping[int, Sequence[float]],
    *, guess: Guess | None = None,
) -> Picture:
    """Draw how long a first and a further token take against the prompt's length.

    first_ms, further_ms: by the prompt's length in tokens, what was measured, in
    milliseconds; the shortest is drawn, in multiples of the first `further_ms`. guess:
    how many times as long a further token takes after the longest prompt.
    """
    lengths = list(first_ms)
    firsts = [min(ms) for ms in first_ms.values()]
    furthers = [min(ms) for ms in further_ms.values()]
    unit = furthers[0]
    curves = [Curve("first token", "first", [ms / unit for ms in firsts]),
              Curve("each further token", "token", [ms / unit for ms in furthers])]
    grown = [number(curve.values[-1] / curve.values[0]) for curve in curves]
    words = (f"From {lengths[0]} to {lengths[-1]} tokens of prompt, the first token "
             f"takes {grown[0]} times as long, each further one {grown[1]} times.")
    rows = [["prompt, tokens", "first token", "each further token"]]
    rows += [[str(length), f"{number(a)} ms", f"{number(b)} ms"] for length, a, b
             in zip(lengths, firsts, furthers, strict=True)]

    def draw(width: int) -> Canvas:
        canvas = Canvas(width, FLOOR + (86 if guess else 54))
        highest = max(max(curve.values) for curve in curves)
        high = round_up(max(highest, guess.value if guess else 0))
        x = Axis((0, 1.04 * lengths[-1]), LEFT, width - RIGHT)
        y = Axis((0, high), FLOOR, TOP)
        canvas.text(0, 20, f"how long a token takes (1 = {number(unit)} ms)", "bold")
        for tick in y.ticks(4):
            canvas.line(x.left, y.at(tick), x.right, y.at(tick), "rule")
            times = f"× {tick:g}" if tick else "0"
            canvas.text(x.left - 8, y.at(tick) + 6, times, "soft", anchor="end")
        for curve in curves:
            _curve(canvas, x, y, lengths, curve)
        canvas.time_axis(x, FLOOR, "tokens")
        canvas.text(x.left, FLOOR + 48, "length of the prompt", "soft")
        if guess:
            canvas.guess(x.at(lengths[-1]), y.at(guess.value))
            canvas.legend(FLOOR + 78, [("guess", str(guess))])
        return canvas

    return Picture("What a long prompt costs", words, draw, rows)


def _curve(
    canvas: Canvas, x: Axis, y: Axis, lengths: Sequence[int], curve: Curve
) -> None:
    places = [(x.at(length), y.at(value)) for length, value
              in zip(lengths, curve.values, strict=True)]
    canvas.rows([(*a, *b) for a, b in pairwise(places)], curve.kind)
    for place in places:
        canvas.dot(*place, curve.kind)
    last_x, last_y = places[-1]
    says = f"{curve.name}: × {number(curve.values[-1])}"
    canvas.text(last_x - 14, last_y - 14, says, f"{curve.kind} bold", anchor="end")
