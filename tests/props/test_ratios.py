"""A strip of ratios: what it says, and where it puts the guess."""

import re

from lab_utils.lessons.n02_ratios import strip
from lab_utils.plots.canvas import Canvas
from lab_utils.plots.guess import Guess


def drawn(ratios: dict[str, float], value: float) -> str:
    canvas = Canvas(520)
    strip(canvas, 0, "how many times?", ratios, Guess("", value, "times"))
    return canvas.svg("", "")


def guess_x(svg: str) -> float:
    found = re.search(r'<path d="M([\d.]+) [^"]*" class="guess"', svg)
    assert found
    return float(found[1])


def test_it_says_the_question_the_ratios_and_the_guess() -> None:
    svg = drawn({"without": 3.45, "with": 1.9}, 2)
    assert "how many times?" in svg
    assert "without: 3.5 times" in svg
    assert "with: 1.9 times" in svg
    assert "your guess: 2 times" in svg


def test_the_scale_reaches_to_the_guess() -> None:
    assert ">200<" in drawn({"without": 10}, 179)
    assert 0.8 * 454 < guess_x(drawn({"without": 10}, 179)) < 454


def test_guesses_that_are_equal_to_a_ratio_stand_below_it() -> None:
    svg = drawn({"without": 4}, 4)
    dot = re.search(r'<circle cx="([\d.]+)"', svg)
    assert dot
    assert float(dot[1]) == guess_x(svg)


def test_zero_is_a_guess() -> None:
    assert guess_x(drawn({"without": 10}, 0)) == 8
