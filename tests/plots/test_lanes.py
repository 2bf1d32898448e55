"""What the picture of a run says; how it looks is looked at."""

import re
import xml.etree.ElementTree as xml

import pytest

from lab_utils.plots import lanes
from lab_utils.plots.axis import Axis, round_up
from lab_utils.plots.canvas import Canvas
from lab_utils.plots.guess import Guess
from lab_utils.plots.lanes import extent_for, extent_of
from lab_utils.plots.text import milliseconds, number, visible
from lab_utils.timeline import Ping, Timeline

BLOCKED = Timeline(
    "Flask, one thread", arrivals=[24.0] * 100, ended=24.0, seen=24.5,
    pings=[Ping(at / 2, 24.0) for at in range(48)] + [Ping(24.1, 24.11)],
)
STREAMED = Timeline(
    "FastAPI, streaming", arrivals=[0.35 + 0.24 * at for at in range(99)],
    ended=24.0, seen=24.0, pings=[Ping(at / 2, at / 2 + 0.006) for at in range(48)],
    about="tutor · thread", pace_ms=240,
)


def words(svg: str) -> str:
    """All text of a drawing that a person sees."""
    return " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))


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


def test_a_paced_run_says_so() -> None:
    svg = lanes([STREAMED, STREAMED], title="Two").svg()
    assert "paced: at least 240 ms per step" in words(svg)
    assert "paced" not in words(lanes(BLOCKED, title="One").svg())


def test_each_token_is_a_mark_and_each_waiting_ping_a_row_of_its_own() -> None:
    drawing = lanes(STREAMED).inline(860)
    ticks = re.findall(r'<path d="([^"]*)" class="token"', drawing)
    assert sum(path.count("M") for path in ticks) == 98 + 1, "and one in the legend"
    assert drawing.count('class="fill alive"') == 48 + 1
    blocked = lanes(BLOCKED).inline(860)
    waiting = re.search(r'<path d="([^"]*)" class="late thin"', blocked)
    assert waiting is not None
    heights = re.findall(r"M[\d.]+ ([\d.]+)L", waiting[1])
    assert len(set(heights)) == len(heights) == 48


def test_an_unanswered_ping_grows_until_now() -> None:
    open_end = lanes(BLOCKED.until(9.0)).inline(860)
    assert "48 of" not in open_end and "19 waited" in words(open_end).replace(",", "")


def test_a_guess_stays_in_the_picture_if_it_is_a_time() -> None:
    svg = lanes(STREAMED, guess=Guess("When?", 3, "s")).svg()
    assert svg.count('class="guess"') == 2 and "your guess: 3 s" in words(svg)
    other = lanes(STREAMED, guess=Guess("How many?", 40, "tokens")).svg()
    assert other.count('class="guess"') == 1 and "your guess: 40 tokens" in words(other)


def test_tokens_for_nobody_are_counted() -> None:
    left = STREAMED.until(5.0)
    left.left = left.ended = 5.0
    left.unread = [5.2, 5.4, 5.6]
    picture = lanes(left)
    assert "+3" in words(picture.svg())
    assert "3 tokens made for nobody" in picture.description


@pytest.mark.parametrize("run", [Timeline("nothing"), BLOCKED, STREAMED.until(0.1)])
@pytest.mark.parametrize("gaps", [True, False])
def test_any_timeline_can_be_drawn_at_any_width(run: Timeline, gaps: bool) -> None:
    for width in (520, 600, 860):
        xml.fromstring(lanes(run, gaps=gaps, now=0.05).inline(width))


def test_text_is_escaped_and_control_characters_are_shown() -> None:
    run = Timeline("<img onerror=alert(1)>\x1b[31m")
    picture = lanes(run, title="<script>")
    assert "<img" not in picture.html() and "<script>" not in picture.html()
    xml.fromstring(picture.svg())
    assert visible("a\x1bb") == "a␛b"


def test_text_is_no_smaller_than_a_projector_needs() -> None:
    for width in (520, 600, 860):
        drawing = lanes(STREAMED, gaps=True).inline(width)
        assert min(map(int, re.findall(r'font-size="(\d+)"', drawing))) >= 16


def test_the_axis_is_fixed_before_the_run_and_grows_in_steps() -> None:
    assert extent_for(0.0, 7.2) == extent_for(5.0, 7.2) == 8.0
    steps = {extent_for(now / 100) for now in range(1, 2400)}
    assert len(steps) < 25
    assert extent_of([BLOCKED]) >= 24.0


def test_numbers_have_the_digits_that_a_reader_needs() -> None:
    assert [number(each) for each in (0, 0.351, 4.18, 62.4, 1240)] == [
        "0", "0.35", "4.2", "62", "1\u202f240",
    ]
    assert [milliseconds(each) for each in (None, 4.18, 350, 24_000)] == [
        "–", "4.2 ms", "350 ms", "24.0 s",
    ]
    assert round_up(0.13) == 0.15 and round_up(7.5) == 8


def test_an_axis_maps_ends_to_ends_and_has_round_ticks() -> None:
    axis = Axis((0, 8), 100, 500)
    assert (axis.at(0), axis.at(8), axis.at(99)) == (100, 500, 500)
    assert axis.ticks(4) == [0, 2, 4, 6, 8]
    log = Axis((0.1, 1000), 0, 400, log=True)
    assert log.at(10) == pytest.approx(200)
    assert log.ticks() == pytest.approx([0.1, 1, 10, 100, 1000])


def test_the_legend_wraps_instead_of_running_out_of_the_picture() -> None:
    canvas = Canvas(250, 100)
    assert canvas.legend(20, [("tick", "a token arrives"), ("dot", "answered")]) > 20
    with pytest.raises(ValueError, match="expected a form"):
        canvas.legend(20, [("square", "x")])


@pytest.mark.parametrize("ended", [0.918, 1.018, 24.0, 1234.5])
def test_the_total_at_the_right_end_fits_on_the_sheet(ended: float) -> None:
    svg = lanes(Timeline("x", arrivals=[ended], ended=ended)).svg()
    total = milliseconds(1e3 * ended)
    found = re.search(rf'<text x="([\d.]+)"[^>]*class="bold"[^>]*>{total}<', svg)
    # DejaVu Sans Bold, the widest font of the list, takes 0.7 em per digit.
    assert found and float(found[1]) + 0.7 * 17 * len(total) <= 860 + 17
