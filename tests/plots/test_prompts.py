"""What a long prompt costs: what the picture says."""

from lab_utils.plots.canvas import NARROW, WIDE
from lab_utils.plots.guess import Guess
from lab_utils.plots.prompts import climb

PICTURE = climb([8, 500, 1000], [3.0, 45.0, 90.0], [1.5, 1.8, 2.1],
                guess=Guess("", 20, "times"))


def test_it_says_how_much_each_of_the_two_grew() -> None:
    assert PICTURE.description == (
        "From 8 to 1000 tokens of prompt, the first token takes 30 times as long, each "
        "further one 1.4 times."
    )


def test_both_curves_are_in_multiples_of_the_shortest_step() -> None:
    for width in (WIDE, NARROW):
        svg = PICTURE._draw(width).svg("", "")
        assert "first token: × 60" in svg
        assert "each further token: × 1.4" in svg
        assert "1 = 1.5 ms" in svg
        assert svg.count("<circle") == 6


def test_the_guess_is_drawn_and_named() -> None:
    svg = PICTURE.svg()
    assert svg.count('class="guess"') == 2
    assert "your guess: 20 times" in svg
    assert climb([1, 2], [1, 2], [1, 2]).svg().count('class="guess"') == 0


def test_the_table_has_a_row_for_each_prompt() -> None:
    assert PICTURE.table[0] == ["prompt, tokens", "first token", "each further token"]
    assert PICTURE.table[-1] == ["1000", "90 ms", "2.1 ms"]
