"""What a token costs in time: what the pictures say."""

from lab_utils.lessons.n02_costs import climb, step_times
from lab_utils.plots.canvas import NARROW, WIDE
from tests.plots.geometry import count, drawn, sheet, words

CLIMB = climb({8: [9.0, 3.0], 500: [45.0], 1000: [90.0, 95.0]},
              {8: [1.5, 7.0], 500: [1.8], 1000: [2.1, 2.2]})
STEPS = step_times({"without a cache": [4.0, 5.0, 6.0, 7.0],
                    "with": [4.0, 1.0, 1.0, 1.2]}, 7.0)


def test_it_says_how_much_each_of_the_two_grew() -> None:
    assert CLIMB.description == (
        "From 8 to 1000 tokens of prompt, the first token takes 30 times as long, each "
        "further one 1.4 times."
    )


def test_both_curves_are_in_multiples_of_the_shortest_step() -> None:
    said = words(drawn(CLIMB, WIDE))
    assert "1 = 1.5 ms" in said
    assert "first token: × 60" in said and "each further token: × 1.4" in said


def test_the_table_has_a_row_for_each_prompt() -> None:
    assert [row[0] for row in CLIMB.table] == ["prompt, tokens", "8", "500", "1000"]
    assert CLIMB.table[-1] == ["1000", "90 ms", "2.1 ms"]


def test_each_step_is_a_bar_and_a_row_and_the_first_is_marked() -> None:
    assert count(drawn(STEPS, WIDE), "fill first") == 2
    assert count(drawn(STEPS, WIDE), "fill token") == 6 + 1, "and the strip's dot"
    assert STEPS.table[0] == ["step", "without a cache, ms", "with, ms"]
    assert STEPS.table[4] == ["4", "7", "1.2"]


def test_the_last_step_is_compared() -> None:
    assert "without a cache: 7 times" in words(drawn(STEPS, WIDE))
    assert "4 ms in the first step, 7 ms in the last" in STEPS.description


def test_bars_stand_side_by_side_or_below_each_other() -> None:
    assert sheet(drawn(STEPS, NARROW))[1] > sheet(drawn(STEPS, WIDE))[1]
