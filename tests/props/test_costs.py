"""What a token costs in time: what the pictures say."""

import re

from lab_utils.lessons.n02_costs import climb, step_times
from lab_utils.plots.canvas import NARROW, WIDE
from lab_utils.plots.guess import Guess

GUESS = Guess("", 20, "times")
CLIMB = climb({8: [9.0, 3.0], 500: [45.0], 1000: [90.0, 95.0]},
              {8: [1.5, 7.0], 500: [1.8], 1000: [2.1, 2.2]}, guess=GUESS)
STEPS = step_times({"without <a> cache": [4.0, 5.0, 6.0, 7.0],
                    "with": [4.0, 1.0, 1.0, 1.2]}, 7.0, guess=GUESS)


def test_it_says_how_much_each_of_the_two_grew() -> None:
    assert CLIMB.description == (
        "From 8 to 1000 tokens of prompt, the first token takes 30 times as long, each "
        "further one 1.4 times."
    )


def test_both_curves_are_in_multiples_of_the_shortest_step() -> None:
    for width in (WIDE, NARROW):
        svg = CLIMB._draw(width).svg("", "")
        assert "first token: × 60" in svg
        assert "each further token: × 1.4" in svg
        assert "1 = 1.5 ms" in svg
        assert svg.count("<circle") == 6


def test_the_guess_is_drawn_and_named() -> None:
    svg = CLIMB.svg()
    assert svg.count('class="guess"') == 2
    assert "your guess: 20 times" in svg
    without = climb({1: [1], 2: [2]}, {1: [1], 2: [2]})
    assert without.svg().count('class="guess"') == 0


def test_the_table_has_a_row_for_each_prompt() -> None:
    assert CLIMB.table[0] == ["prompt, tokens", "first token", "each further token"]
    assert CLIMB.table[-1] == ["1000", "90 ms", "2.1 ms"]


def test_a_bar_for_the_milliseconds_of_each_step() -> None:
    for width in (WIDE, NARROW):
        svg = STEPS._draw(width).svg("", "")
        assert len(re.findall(r'<rect [^>]*class="fill first"', svg)) == 2
        assert len(re.findall(r'<rect [^>]*class="fill token"', svg)) == 6
        assert "without &lt;a&gt; cache: 7 times" in svg
        assert "your guess: 20 times" in svg
    assert STEPS.table[0] == ["step", "without <a> cache, ms", "with, ms"]
    assert STEPS.table[4] == ["4", "7", "1.2"]
    assert "4 ms in the first step, 7 ms in the last" in STEPS.description


def test_bars_stand_side_by_side_or_below_each_other() -> None:
    assert STEPS._draw(NARROW).height > STEPS._draw(WIDE).height
