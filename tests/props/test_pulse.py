"""The strips of a heartbeat: what they say and count."""

import re
from dataclasses import replace

import pytest

from lab_utils.lessons.n04_pulse import Pulse, heartbeat
from lab_utils.plots.canvas import WIDE
from lab_utils.plots.guess import Guess
from lab_utils.timeline import Ping, Timeline
from tests.plots.geometry import count, drawn, words

SENT = 100.0


def pulse(label: str, *beats: tuple[float, float], ended: float = 1.0) -> Pulse:
    """Beats as (due, came) in seconds since the request was sent."""
    run = Timeline(label, arrivals=[0.05, ended], ended=ended, seen=ended,
                   pings=[Ping(0.0, 0.9)])
    return Pulse(label, [(SENT + due, SENT + came) for due, came in beats], SENT, run)


FREE = pulse("free", *((at / 50, at / 50 + 0.001) for at in range(-5, 55)))
FROZEN = pulse("frozen", (-0.02, -0.019), (0.0, 1.01), (1.03, 1.031))


def test_the_peak_is_the_latest_beat_of_the_answers_time() -> None:
    assert pytest.approx(1.0) == FREE.peak_ms
    assert pytest.approx(1010) == FROZEN.peak_ms
    late_before = pulse("x", (-0.5, -0.1), (0.5, 0.501))
    assert late_before.peak_ms == pytest.approx(1.0)


def test_beats_are_counted_while_the_answer_is_made() -> None:
    assert (FREE.came, FREE.expected) == (50, 50)
    assert (FROZEN.came, FROZEN.expected) == (0, 50)


def test_without_beats_nothing_is_late() -> None:
    empty = Pulse("none", [], SENT, Timeline("none"))
    assert (empty.peak_ms, empty.came, empty.expected) == (0, 0, 0)
    assert "none" in heartbeat(empty).html()


def test_it_says_what_happened_in_words_and_as_a_table() -> None:
    said = str(FROZEN)
    assert said == ("frozen: 0 of 50 beats came, the latest 1\u202f010 ms late; "
                    "slowest /health 900 ms")
    picture = heartbeat([FREE, FROZEN])
    assert said in picture.description
    assert picture.table[2] == ["frozen", "1\u202f010 ms", "0", "50", "900 ms"]


def test_a_late_beat_is_a_line_and_one_in_time_a_dot() -> None:
    frozen, free = (drawn(heartbeat(each), WIDE) for each in (FROZEN, FREE))
    # A line for how late, and one where it came.
    assert count(frozen, "late") == count(free, "late") + 2
    assert count(free, "fill alive") > 50


def test_each_guess_is_a_diamond_in_its_strip() -> None:
    strips = [replace(FREE, guess=Guess("?", 5)), replace(FROZEN, guess=Guess("?", 50))]
    drawing = drawn(heartbeat([*strips, FREE]), WIDE)
    assert count(drawing, "guess") == 2 + 1, "and one in the legend"
    assert "your guesses" in words(drawing)


def test_a_higher_guess_stands_higher() -> None:
    def height(value: float) -> float:
        drawing = heartbeat(replace(FREE, guess=Guess("?", value))).inline(WIDE)
        found = re.search(r'd="M[\d.]+ ([\d.]+)L[^"]*" class="guess"', drawing)
        assert found is not None
        return float(found[1])

    assert height(1000) < height(10) < height(0.5)
