"""Ticks of tokens that somebody read, and that nobody did."""

import re

import pytest

from lab_utils.plots.canvas import NARROW, WIDE
from lab_utils.plots.guess import Guess
from lab_utils.plots.wasted import wasted
from tests.plots.geometry import count, drawn, words


def test_it_counts_what_was_read_and_what_was_not() -> None:
    picture = wasted({"deaf": 60, "listens": 5}, read=5)
    assert picture.table[1:] == [["deaf", "5", "55"], ["listens", "5", "0"]]
    assert "deaf: 5 tokens read, 55 more made for nobody." in picture.description


def test_each_token_is_a_tick() -> None:
    drawing = drawn(wasted({"deaf": 60}, read=5), WIDE)
    assert count(drawing, "token") == 5 + 1, "and one in the legend"
    assert count(drawing, "late") == 55 + 1
    assert "+55" in words(drawing)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_guess_far_outside_is_on_the_sheet_and_one_of_another_is_not(
    width: int,
) -> None:
    guesses = {"x": Guess("?", 500, "tokens"), "other": Guess("?", 1, "tokens")}
    svg = wasted({"x": 6}, guesses, read=5).inline(width)
    places = [float(x) for x in re.findall(r'd="M([\d.]+) [^"]*" class="guess"', svg)]
    assert len(places) == 2, "its own, and the legend's"
    assert max(places) <= width


def test_without_servers() -> None:
    assert "Tokens nobody read" in words(drawn(wasted({}, read=5), WIDE))
