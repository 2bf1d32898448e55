"""What a token costs in time: each step of an answer, and after a long prompt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import median

from lab_utils.lessons.n02_ratios import strip
from lab_utils.plots.axis import Axis, round_up
from lab_utils.plots.canvas import Canvas
from lab_utils.plots.guess import Guess
from lab_utils.plots.legend import guessed, legend
from lab_utils.plots.picture import Picture
from lab_utils.plots.text import SMALL, milliseconds, number

HIGH, LEFT, RIGHT = 228, 66, 76
"""Pixels: the height of the curves, and beside them."""

BARS, ABOVE, BELOW = 150, 48, 44
"""Pixels: the highest bar, and around the bars of a run."""


def step_times(
    runs: Mapping[str, Sequence[float]], times: float, *, guess: Guess | None = None
) -> Picture:
    """Draw how long each step of two answers took, on one scale.

    runs: the name of each answer, and its steps in milliseconds. times: how many times
    as long the last steps of the first took; the guess is such a number.
    """
    words = " ".join(
        f"{name}: {number(ms[0])} ms in the first step, {number(ms[-1])} ms in the "
        f"last, {number(median(ms))} ms in a median one." for name, ms in runs.items())
    rows = [["step", *(f"{name}, ms" for name in runs)]]
    rows += [[str(at), *map(number, ms)]
             for at, ms in enumerate(zip(*runs.values(), strict=True), 1)]
    draw = partial(_draw_steps, runs, times, guess)
    return Picture("The time of each step", words, draw, rows)


def _draw_steps(
    runs: Mapping[str, Sequence[float]], times: float, guess: Guess | None, width: int
) -> Canvas:
    canvas = Canvas(width)
    each = width if canvas.narrow else width / len(runs)
    high = round_up(max(max(ms) for ms in runs.values()))
    bottom = 0.0
    for at, (name, ms) in enumerate(runs.items()):
        left, top = (0, bottom) if canvas.narrow else (each * at, 0)
        axis = Axis((0.5, len(ms) + 0.5), left + 46, left + each - 58)
        canvas.label(left, top + 18, f"{name}, ms")
        _bars(canvas, axis, top + ABOVE + BARS, ms, high)
        bottom = top + ABOVE + BARS + BELOW
    strip(canvas, bottom + 14, "the last step: how many times as long?",
          {next(iter(runs)): times}, guess)
    return canvas


def _bars(
    canvas: Canvas, axis: Axis, floor: float, ms: Sequence[float], high: float
) -> None:
    """A bar for the milliseconds of each step."""
    scale = Axis((0, high), floor, floor - BARS)
    canvas.levels(axis, scale, {each: number(each) for each in (0, high / 2, high)})
    for step, value in enumerate(ms, 1):
        left, y = axis.at(step - 0.5), scale.at(value)
        canvas.rect(left, y, axis.at(step + 0.5) - left - 1, floor - y,
                    "fill first" if step == 1 else "fill token")
    canvas.axis(axis, floor + 2, "step", whole=True)


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
    rows += [[str(length), milliseconds(a), milliseconds(b)] for length, a, b
             in zip(lengths, firsts, furthers, strict=True)]
    draw = partial(_draw_climb, lengths, curves, milliseconds(unit), guess)
    return Picture("What a long prompt costs", words, draw, rows)


def _draw_climb(
    lengths: Sequence[int], curves: Sequence[Curve], unit: str, guess: Guess | None,
    width: int,
) -> Canvas:
    canvas = Canvas(width)
    top = 28 + canvas.head(f"how long a token takes (1 = {unit})")
    floor = top + HIGH
    highest = max(max(curve.values) for curve in curves)
    x = Axis((0, 1.04 * lengths[-1]), LEFT, width - RIGHT)
    y = Axis((0, round_up(max(highest, guess.value if guess else 0))), floor, top)
    canvas.levels(x, y, {each: f"× {each:g}" if each else "0" for each in y.ticks(4)})
    for curve in curves:
        _curve(canvas, x, y, lengths, curve)
    canvas.axis(x, floor, "tokens")
    canvas.text(x.left, floor + 48, "length of the prompt", "soft", size=SMALL)
    if guess:
        canvas.guess(x.at(lengths[-1]), y.at(guess.value))
    legend(canvas, floor + 24, guessed(guess))
    return canvas


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
