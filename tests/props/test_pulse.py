"""The strips of a heartbeat and the ticks of wasted tokens: what they say and count."""

import re
from dataclasses import replace

import pytest

from lab_utils.lessons.n04_pulse import Pulse, heartbeat
from lab_utils.plots.canvas import NARROW, WIDE
from lab_utils.plots.guess import Guess
from lab_utils.plots.wasted import wasted
from lab_utils.timeline import Ping, Timeline

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


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_late_beat_is_a_line_and_one_in_time_a_dot(width: int) -> None:
    frozen, free = (
        heartbeat(each)._draw(width).svg("", "") for each in (FROZEN, FREE)
    )
    assert "a late beat" in frozen
    assert len(re.findall(r'class="late"', frozen)) > len(
        re.findall(r'class="late"', free)
    )
    assert free.count('class="fill alive"') > 50


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_each_guess_is_a_diamond_in_its_strip(width: int) -> None:
    strips = [replace(FREE, guess=Guess("?", 5)), replace(FROZEN, guess=Guess("?", 50))]
    drawn = heartbeat([*strips, FREE])._draw(width).svg("", "")
    assert drawn.count('class="guess"') == 2 + 1  # and one in the legend
    assert "your guesses" in drawn
    assert "your guess" not in heartbeat(FREE)._draw(width).svg("", "")


def test_a_higher_guess_stands_higher() -> None:
    def height(value: float) -> float:
        strip = replace(FREE, guess=Guess("?", value))
        drawn = heartbeat(strip)._draw(WIDE).svg("", "")
        found = re.search(r'd="M[\d.]+ ([\d.]+)L[^"]*" class="guess"', drawn)
        assert found is not None
        return float(found[1])

    assert height(1000) < height(10) < height(0.5)


def test_names_are_escaped() -> None:
    assert "<b>" not in heartbeat(pulse("<b>", (0.1, 0.2))).svg()
    assert "<b>" not in wasted({"<b>": 7}, read=5).svg()


def test_wasted_counts_what_was_read_and_what_was_not() -> None:
    picture = wasted({"deaf": 60, "listens": 5}, read=5)
    assert picture.table[1:] == [["deaf", "5", "55"], ["listens", "5", "0"]]
    assert "deaf: 5 tokens read, 55 more made for nobody." in picture.description


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_wasted_draws_a_tick_per_token(width: int) -> None:
    drawn = wasted({"deaf": 60}, read=5)._draw(width).svg("", "")
    ticks = {
        kind: sum(path.count("M") for path in
                  re.findall(rf'd="([^"]+)" class="{kind}"', drawn))
        for kind in ("token", "late")
    }
    assert ticks == {"token": 5 + 1, "late": 55 + 1}  # and one each in the legend
    assert "+55" in drawn


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_wasted_shows_a_guess_even_far_outside(width: int) -> None:
    guesses = {"x": Guess("?", 500, "tokens"), "other": Guess("?", 1, "tokens")}
    svg = wasted({"x": 6}, guesses, read=5)._draw(width).svg("", "")
    assert svg.count('class="guess"') == 2  # its own, and the legend's
    places = [float(x) for x in re.findall(r'd="M([\d.]+) [^"]*" class="guess"', svg)]
    assert max(places) <= width


def test_wasted_without_servers() -> None:
    assert "svg" in wasted({}, read=5).html()
