"""How many times as much: what was measured, and the guess, on one scale."""

from collections.abc import Mapping

from lab_utils.plots.canvas import Axis, Canvas, number, round_up
from lab_utils.plots.guess import Guess

ROW, HEAD, FOOT = 40, 30, 86
"""Pixels: of a ratio, above the first and below the last one."""


def height(count: int) -> float:
    """Of a strip with `count` ratios, in pixels."""
    return HEAD + ROW * count + FOOT


def strip(
    canvas: Canvas, top: float, question: str, ratios: Mapping[str, float], guess: Guess
) -> None:
    """Draw a line for each of `ratios`, and the guess below them.

    top: where it begins, in pixels. The scale reaches from 0 to the largest, be it a
    ratio or the guess.
    """
    most = max(1.0, guess.value, *ratios.values())
    axis = Axis((0, round_up(most)), 8, canvas.width - 66)
    canvas.text(0, top + 18, question, "bold")
    for row, (name, value) in enumerate(ratios.items()):
        y, x = top + HEAD + ROW * row + 30, axis.at(value)
        canvas.text(axis.left, y - 9, f"{name}: {number(value)} times")
        canvas.line(axis.left, y, x, y, "token")
        canvas.dot(x, y, "token")
    bottom = top + HEAD + ROW * len(ratios) + 18
    canvas.time_axis(axis, bottom, "times")
    canvas.guess(axis.at(guess.value), bottom)
    canvas.legend(bottom + 58, [("guess", str(guess))])
