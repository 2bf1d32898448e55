"""Bars of what lives, and how many at once."""

import pytest

from lab_utils.lessons.n05_lives import Life, alive, lives
from lab_utils.plots.canvas import WIDE
from lab_utils.plots.guess import Guess
from tests.plots.geometry import count, drawn, sheet


def test_it_says_what_ended_what_goes_on_and_how_many_are_left() -> None:
    rows = [Life("first", ended=2.5), Life("second", begun=1.0)]
    picture = lives(rows, title="Two", count="servers")
    assert picture.description == (
        "first: 2.5 s. second: goes on. servers at the end: 1."
    )
    assert picture.table[1] == ["first", "0 ms", "–", "2.5 s", "0", "2.5 s"]


def test_a_wait_is_counted_from_when_it_was_asked_to_end() -> None:
    life = Life("stop", begun=1.0, asked=2.0, ended=2.5, seen=[2.1, 2.2])
    assert life.seconds == 0.5
    assert life.words == "500 ms"
    assert Life("stop", outcome="cut off", ended=1).words == "cut off"


def test_alive_counts_from_the_first_to_before_the_last_moment() -> None:
    rows = [Life("a", begun=1, ended=2), Life("b", begun=2)]
    assert [alive(rows, moment) for moment in (0, 1, 2, 3)] == [0, 1, 1, 1]


def test_a_guess_that_is_no_time_stands_on_the_staircase() -> None:
    rows, guess = [Life("a", ended=1.0)], Guess("how many?", 3, "servers")
    counted, alone = (
        drawn(lives(rows, title="T", guess=guess, count=words), WIDE)
        for words in ("alive", "")
    )
    assert (count(counted, "guess"), count(alone, "guess")) == (2, 1)


@pytest.mark.parametrize(("guess", "shown"), [(3, True), (600, False)])
def test_a_guess_beyond_the_longest_bar_is_on_the_axis_unless_absurd(
    guess: float, shown: bool
) -> None:
    svg = lives([Life("a", ended=1.0)], title="T", guess=Guess("?", guess, "s")).svg()
    assert (f">{guess:g}</text>" in svg) is shown


@pytest.mark.parametrize("rows", [[], [Life("a")], [Life("a", ended=0.0)]])
def test_it_draws_what_hardly_lives(rows: list[Life]) -> None:
    for words in ("", "alive"):
        picture = lives(rows, title="T", count=words)
        assert sheet(drawn(picture, WIDE))[1] > 0
