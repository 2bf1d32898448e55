"""The reader's curve: what it says, and where a person is."""

import pytest

from lab_utils.lessons.n06_reading import read_all_s, read_until, reading
from lab_utils.plots.canvas import NARROW, WIDE
from lab_utils.plots.guess import Guess
from lab_utils.timeline import Timeline
from tests.plots.geometry import drawn, extents, words


def runs(tokens: int = 100, total: float = 24.0) -> tuple[Timeline, Timeline]:
    """The same answer at once and as it is made."""
    step = total / tokens
    whole = Timeline("whole", arrivals=[total] * tokens, ended=total)
    streamed = Timeline(
        "streamed", arrivals=[step * (at + 1) for at in range(tokens)], ended=total
    )
    return whole, streamed


def test_a_person_reads_what_is_there_and_waits_for_the_rest() -> None:
    assert read_until([1.0, 1.0, 1.0], 2) == [1.5, 2.0, 2.5]
    assert read_until([1.0, 5.0], 2) == [1.5, 5.5]
    assert read_until([], 2) == []


def test_streamed_is_read_when_it_is_made_and_whole_only_then_begun() -> None:
    whole, streamed = runs()
    assert read_all_s(whole, 5) == pytest.approx(44)
    assert read_all_s(streamed, 5) == pytest.approx(24.2)
    assert read_all_s(Timeline("nothing")) is None


def test_a_slow_reader_gains_little_more_than_the_wait() -> None:
    whole, streamed = runs(total=2.0)
    assert read_all_s(whole, 5) == pytest.approx(22)
    assert read_all_s(streamed, 5) == pytest.approx(20.02)


def test_it_says_first_last_and_all_read() -> None:
    picture = reading(*runs())
    assert "whole: 100 tokens on the screen, the first after 24.0 s" in (
        picture.description
    )
    assert "read at 5 tokens/s after 44.0 s" in picture.description
    assert picture.table[-1] == ["all read, at 5 tokens/s", "44.0 s", "24.2 s"]


def test_ends_close_to_each_other_are_written_above_each_other() -> None:
    drawing = drawn(reading(*runs(), reads=1000), WIDE)
    ends = [each for each in extents(drawing) if each.text.startswith("all read")]
    assert len(ends) == 2 and not ends[0].meets(ends[1])


def test_a_guess_far_off_does_not_press_the_curves_flat() -> None:
    far = reading(*runs(), guess=Guess("when?", 600, "s")).inline(WIDE)
    assert ">120<" in far and ">600<" not in far


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_it_draws_what_has_not_begun(width: int) -> None:
    whole, streamed = runs()
    for left in (Timeline("a"), whole), (streamed.until(3), Timeline("b")):
        assert words(drawn(reading(*left), width)).count("all read") == 1


def test_nobody_reads_nothing_per_second() -> None:
    with pytest.raises(ValueError, match="a person who reads; got 0 tokens/s"):
        reading(*runs(), reads=0)
