"""What a long prompt costs: the first token against each further one."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lab_utils.plots.canvas import Axis, Canvas, number, round_up
from lab_utils.plots.guess import Guess
from lab_utils.plots.picture import Picture

TOP, FLOOR, LEFT, RIGHT = 50, 290, 66, 76
"""Pixels around the curves."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One measurement after each prompt, in multiples of the picture's unit."""

    name: str
    kind: str
    values: list[float]


def climb(
    lengths: Sequence[int], first_ms: Sequence[float], further_ms: Sequence[float], *,
    guess: Guess | None = None,
) -> Picture:
    """Draw how long a first and a further token take against the prompt's length.

    lengths: of the prompts, in tokens. first_ms, further_ms: measured after each, in
    milliseconds; the scale is in multiples of the first `further_ms`. guess: how many
    times as long a further token takes after the longest prompt.
    """
    unit = further_ms[0]
    curves = [Curve("first token", "first", [ms / unit for ms in first_ms]),
              Curve("each further token", "token", [ms / unit for ms in further_ms])]
    grown = [number(curve.values[-1] / curve.values[0]) for curve in curves]
    words = (f"From {lengths[0]} to {lengths[-1]} tokens of prompt, the first token "
             f"takes {grown[0]} times as long, each further one {grown[1]} times.")
    rows = [["prompt, tokens", "first token", "each further token"]]
    rows += [[str(length), f"{number(a)} ms", f"{number(b)} ms"] for length, a, b
             in zip(lengths, first_ms, further_ms, strict=True)]

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
