"""Staircase and row: what the pictures say and count."""

import re

from lab_utils.lessons.n02_squares import SMALLEST, doubled, growth, squares
from lab_utils.plots.canvas import NARROW, WIDE
from lab_utils.plots.guess import Guess
from lab_utils.plots.picture import Picture
from tests.plots.geometry import drawn, sheet

STAIRS, ROW = [5, 6, 7, 8], [5, 1, 1, 1]
BOTH = {"without a cache": STAIRS, "with a cache": ROW}


def drawings(picture: Picture) -> list[str]:
    return [picture.inline(width) for width in (WIDE, NARROW)]


def rects(svg: str, kind: str) -> int:
    return len(re.findall(rf'<rect [^>]*class="{kind}"', svg))


def sides(svg: str) -> set[tuple[float, float]]:
    found = re.findall(r'<rect [^>]*width="([\d.]+)" height="([\d.]+)"', svg)
    return {(float(width), float(height)) for width, height in found}


def diamonds(svg: str) -> list[tuple[float, float]]:
    found = re.findall(r'<path d="M([\d.-]+) ([\d.-]+)[^"]*" class="guess"', svg)
    return [(float(x), float(y) + 9) for x, y in found]


def test_a_square_for_each_token_that_was_pushed() -> None:
    for svg in drawings(squares(STAIRS, "without a cache")):
        assert rects(svg, "fill first") == 5
        assert rects(svg, "fill token") == 21
        assert "26 squares" in svg
        assert all(width == height for width, height in sides(svg))


def test_the_first_column_that_has_squares_made_the_first_token() -> None:
    for svg in drawings(squares([0, 1, 1], "passes", unit="passes", start=0)):
        assert rects(svg, "fill first") == 1
        assert rects(svg, "fill token") == 1


def test_columns_without_any_square() -> None:
    for svg in drawings(squares([0, 0], "passes")):
        assert "0 squares" in svg


def test_a_guess_higher_than_the_squares_has_room() -> None:
    for value in (20, 5000):
        picture = squares([0, 1, 1], "passes", guess=Guess("", value, "x"), at=1)
        for svg in drawings(picture):
            (_, guess), (_, legend) = diamonds(svg)
            assert 0 < guess < legend
            assert min(min(sides(svg))) >= SMALLEST - 2


def test_growth_compares_the_whole_with_its_first_half() -> None:
    assert growth(STAIRS) == 26 / 11
    assert growth([1, 1, 1, 1]) == 2


def test_the_second_half_is_grey_and_the_growth_is_told() -> None:
    picture = doubled(BOTH)
    for svg in drawings(picture):
        assert rects(svg, "fill first") == 10
        assert rects(svg, "fill token") == 6 + 1
        assert rects(svg, "soft") == 7 + 8 + 1 + 1
        assert "11 squares, with the grey ones 26" in svg
        assert "without a cache: 2.4 times" in svg
        assert "with a cache: 1.3 times" in svg
    assert picture.table[1] == ["without a cache", "11", "26", "2.4"]
    assert "2.4 times" in picture.description


def test_squares_of_a_short_answer_are_large_enough_to_be_seen_as_such() -> None:
    stairs = list(range(2, 18))
    for runs in ({"a": stairs}, {"a": stairs, "b": [2] + 15 * [1]}):
        for svg in drawings(doubled(runs)):
            assert min(min(sides(svg))) > 12


def test_panels_stand_side_by_side_or_below_each_other() -> None:
    wide, narrow = (drawn(doubled(BOTH), width) for width in (WIDE, NARROW))
    assert sheet(narrow)[1] > sheet(wide)[1]


def test_the_table_has_a_row_for_each_step() -> None:
    assert squares([2, 3], "a").table == [["step", "squares"], ["1", "2"], ["2", "3"]]
