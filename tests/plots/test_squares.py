"""Staircase and row: what the pictures say and count."""

import re

from lab_utils.plots.canvas import NARROW, WIDE
from lab_utils.plots.guess import Guess
from lab_utils.plots.picture import Picture
from lab_utils.plots.squares import costs, doubled, growth, squares

STAIRS, ROW = [5, 6, 7, 8], [5, 1, 1, 1]
BOTH = {"without a cache": STAIRS, "with a cache": ROW}


def drawings(picture: Picture) -> list[str]:
    return [picture._draw(width).svg("", "") for width in (WIDE, NARROW)]


def rects(svg: str, kind: str) -> int:
    return len(re.findall(rf'<rect [^>]*class="{kind}"', svg))


def diamonds(svg: str) -> list[tuple[float, float]]:
    found = re.findall(r'<path d="M([\d.-]+) ([\d.-]+)[^"]*" class="guess"', svg)
    return [(float(x), float(y) + 9) for x, y in found]


def test_a_square_for_each_token_that_was_pushed() -> None:
    for svg in drawings(squares(BOTH)):
        assert rects(svg, "fill first") == 10
        assert rects(svg, "fill token") == 21 + 3
        assert "26 squares" in svg
        assert "8 squares" in svg


def test_the_first_column_that_has_squares_made_the_first_token() -> None:
    for svg in drawings(squares({"passes": [0, 1, 1]}, unit="passes", start=0)):
        assert rects(svg, "fill first") == 1
        assert rects(svg, "fill token") == 1


def test_squares_too_small_to_be_seen_become_columns() -> None:
    long = {"a": list(range(120, 220)), "b": [120] + [1] * 99}
    for svg in drawings(squares(long)):
        assert rects(svg, "fill token") == 198


def test_a_guess_higher_than_the_squares_has_room() -> None:
    picture = squares({"passes": [0, 1, 1]}, start=0, guess=Guess("", 20, "x"), at=1)
    for svg in drawings(picture):
        (_, guess), (_, legend) = diamonds(svg)
        assert 0 < guess < legend
        assert "your guess: 20 x" in svg


def test_growth_compares_the_whole_with_its_first_half() -> None:
    assert growth(STAIRS) == 26 / 11
    assert growth([1, 1, 1, 1]) == 2


def test_the_second_half_is_grey_and_the_guess_on_the_scale_of_times() -> None:
    picture = doubled(BOTH, guess=Guess("", 2, "times"))
    for svg in drawings(picture):
        assert rects(svg, "soft") == 7 + 8 + 1 + 1
        assert "without a cache: 2.4 times" in svg
        assert "with a cache: 1.3 times" in svg
        assert len(diamonds(svg)) == 1
    assert picture.table[1] == ["without a cache", "11", "26", "2.4"]
    assert "2.4 times" in picture.description


def test_a_bar_for_the_milliseconds_of_each_step() -> None:
    ms = [[4.0, 5.0, 6.0, 7.0], [4.0, 1.0, 1.0, 1.0]]
    picture = costs(BOTH, ms, guess=Guess("", 3, "times"))
    for svg in drawings(picture):
        assert rects(svg, "fill first") == 10 + 2
        assert rects(svg, "fill token") == 24 + 6
        assert len(diamonds(svg)) == 2
    assert picture.table[1] == ["1", "5", "5", "4", "4"]
    assert "4 ms in the first step, 1 ms in the last" in picture.description


def test_a_guess_off_the_scale_stands_on_its_edge() -> None:
    ms = [[4.0] * 4, [1.0] * 4]
    on, off, far = (drawings(costs(BOTH, ms, guess=Guess("", value)))[0]
                    for value in (3, 200, 9000))
    assert diamonds(off)[0] == diamonds(far)[0]
    assert 0 < diamonds(off)[0][1] < diamonds(on)[0][1]


def test_panels_stand_side_by_side_or_below_each_other() -> None:
    wide, narrow = (squares(BOTH)._draw(width) for width in (WIDE, NARROW))
    assert narrow.height > wide.height


def test_names_are_escaped() -> None:
    assert "a &lt;b&gt;" in squares({"a <b>": [1, 2]}).svg()


def test_the_table_has_a_row_for_each_step() -> None:
    table = squares({"a": [2, 3], "b": [2]}).table
    assert table == [["step", "a", "b"], ["1", "2", "2"], ["2", "3", ""]]
