"""The samples of marks at the foot of a picture."""

import xml.etree.ElementTree as xml

import pytest

from lab_utils.plots.canvas import Canvas
from lab_utils.plots.guess import Guess
from lab_utils.plots.legend import SAMPLES, guessed, legend
from tests.plots.geometry import extents, sheet


def test_it_wraps_and_the_sheet_ends_below_it() -> None:
    canvas = Canvas(250)
    legend(canvas, 20, [(mark, f"what {mark} means") for mark in SAMPLES])
    drawing = xml.fromstring(canvas.svg("", ""))
    room, height = sheet(drawing)
    places = list(extents(drawing))
    assert len({place.bottom for place in places}) > 1, "rows"
    assert all(place.right <= room and place.bottom < height for place in places)


def test_without_entries_the_sheet_ends_below_the_axis() -> None:
    some, none = Canvas(250), Canvas(250)
    legend(some, 20, [("tick", "a token")])
    legend(none, 20, [])
    assert 20 < none.height < some.height


def test_a_mark_that_is_none_is_said_so() -> None:
    with pytest.raises(ValueError, match=r"a mark of tick, .*; got 'square'"):
        legend(Canvas(250), 20, [("square", "x")])


def test_one_guess_is_told_and_several_are_named() -> None:
    assert guessed(None) == []
    assert guessed(Guess("?", 5), None) == [("guess", "your guess: 5 ms")]
    assert guessed(Guess("?", 5), Guess("?", 7)) == [("guess", "your guesses")]
