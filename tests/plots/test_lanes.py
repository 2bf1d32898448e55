"""What the picture of a run says; how it looks is looked at."""

import re

import pytest

from lab_utils.plots import lanes
from lab_utils.plots.canvas import NARROW, WIDE
from lab_utils.plots.guess import Guess
from lab_utils.plots.lanes import extent_for, extent_of
from lab_utils.timeline import Timeline
from tests.plots.geometry import count, drawn, extents, words
from tests.plots.samples import abandoned, blocked, streamed

BLOCKED, STREAMED = blocked(), streamed()


def test_the_sentence_says_what_the_picture_shows() -> None:
    picture = lanes([BLOCKED, STREAMED])
    assert "first of 100 tokens after 24.0 s" in picture.description
    assert "48 of 49 waited, up to 24.0 s" in picture.description
    assert "first of 99 tokens after 350 ms" in picture.description
    assert "48 asked, slowest 6 ms" in picture.description


def test_every_picture_can_be_read_as_a_table() -> None:
    table = lanes([BLOCKED, STREAMED]).table
    assert table[0] == ["", "Flask, one thread", "FastAPI, streaming"]
    rows = {row[0]: row[1:] for row in table[1:]}
    assert rows["time to first token"] == ["24.0 s", "350 ms"]
    assert rows["tokens"] == ["100", "99"]
    assert rows["tokens per second"] == ["–", "4.2 /s"]
    assert rows["/health, slowest"] == ["24.0 s", "6 ms"]
    assert "as a table" in lanes(STREAMED).html()


def test_the_axis_is_fixed_before_the_run_and_grows_in_steps() -> None:
    assert extent_for(0.0, 7.2) == extent_for(5.0, 7.2) == 8.0
    steps = {extent_for(now / 100) for now in range(1, 2400)}
    assert len(steps) < 25
    assert extent_of([BLOCKED]) >= 24.0


def test_a_paced_run_says_so() -> None:
    paced = drawn(lanes([STREAMED, STREAMED], title="Two"), WIDE)
    assert "paced: at least 240 ms per step" in words(paced)
    assert "paced" not in words(drawn(lanes(BLOCKED, title="One"), WIDE))


def test_each_token_is_a_mark_and_each_waiting_ping_a_row_of_its_own() -> None:
    assert count(drawn(lanes(STREAMED), WIDE), "token") == 98 + 1, "one in the legend"
    assert count(drawn(lanes(STREAMED), WIDE), "fill alive") == 48 + 1
    waiting = re.search(r'<path d="([^"]*)" class="late thin"',
                        lanes(BLOCKED).inline(WIDE))
    assert waiting is not None
    heights = re.findall(r"M[\d.]+ ([\d.]+)L", waiting[1])
    assert len(set(heights)) == len(heights) == 48


def test_an_unanswered_ping_waits_until_now() -> None:
    assert "18 of 19 waited, up to 9.0 s" in lanes(BLOCKED.until(9.0)).description


def test_a_guess_that_is_no_time_is_in_the_legend_alone() -> None:
    drawing = drawn(lanes(STREAMED, guess=Guess("How many?", 40, "tokens")), WIDE)
    assert count(drawing, "guess") == 1
    assert "your guess: 40 tokens" in words(drawing)


def test_tokens_for_nobody_are_counted() -> None:
    picture = lanes(abandoned())
    assert "+3" in words(drawn(picture, WIDE))
    assert "3 tokens made for nobody" in picture.description


@pytest.mark.parametrize("run", [Timeline("nothing"), BLOCKED, STREAMED.until(0.1)])
@pytest.mark.parametrize("gaps", [True, False])
def test_any_timeline_can_be_drawn_at_any_moment(run: Timeline, gaps: bool) -> None:
    for width in (NARROW, 600, WIDE):
        assert count(drawn(lanes(run, gaps=gaps, now=0.05), width), "now") == 1


@pytest.mark.parametrize("ended", [0.918, 1.018, 24.0, 1234.5])
def test_the_total_at_the_right_end_fits_on_the_sheet(ended: float) -> None:
    drawing = drawn(lanes(Timeline("x", arrivals=[ended], ended=ended)), WIDE)
    assert max(each.right for each in extents(drawing)) <= WIDE
