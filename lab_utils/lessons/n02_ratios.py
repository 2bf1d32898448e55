"""How many times as much: what was measured, and the guess, on one scale."""

from collections.abc import Mapping

from lab_utils.plots.axis import Axis, round_up
from lab_utils.plots.canvas import Canvas
from lab_utils.plots.guess import Guess
from lab_utils.plots.legend import guessed, legend
from lab_utils.plots.text import number

ROW, HEAD = 40, 30
"""Pixels: of a ratio, and above the first."""


def strip(
    canvas: Canvas, top: float, question: str, ratios: Mapping[str, float],
    guess: Guess | None = None,
) -> None:
    """Draw a line for each of `ratios`, and the guess below them; the sheet ends there.

    top: where it begins, in pixels. The scale reaches from 0 to the largest, be it a
    ratio or the guess.
    """
    most = max(1.0, guess.value if guess else 0, *ratios.values())
    axis = Axis((0, round_up(most)), 8, canvas.width - 66)
    canvas.label(0, top + 18, question)
    for row, (name, value) in enumerate(ratios.items()):
        y, x = top + HEAD + ROW * row + 30, axis.at(value)
        canvas.text(axis.left, y - 9, f"{name}: {number(value)} times")
        canvas.line(axis.left, y, x, y, "token")
        canvas.dot(x, y, "token")
    bottom = top + HEAD + ROW * len(ratios) + 18
    canvas.axis(axis, bottom, "times")
    if guess is not None:
        canvas.guess(axis.at(guess.value), bottom)
    legend(canvas, bottom, guessed(guess))
