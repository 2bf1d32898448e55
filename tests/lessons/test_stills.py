"""Each lesson shows its key figures also where nothing is run, folded behind the cell
that makes them live."""

import xml.etree.ElementTree as xml
from itertools import pairwise

import pytest

from tests.lessons.lesson import LESSONS, Lesson
from tests.lessons.stills import FOLDER, LINK, STILLS

FOLDED = '<details class="still"><summary>On another computer</summary>\n\n'
LARGEST = 80_000


@pytest.mark.parametrize("number", LESSONS)
def test_a_still_stands_folded_behind_the_cell_that_makes_it(number: str) -> None:
    found = []
    for before, cell in pairwise(Lesson(number).cells):
        for words, name in LINK.findall(cell.source):
            assert name == before.id
            assert f"{FOLDED}![{words}]" in cell.source
            found.append(name)
    assert tuple(found) == STILLS[number]


def test_the_folder_has_those_and_no_others() -> None:
    names = {path.stem for path in FOLDER.iterdir()}
    assert names == {name for cells in STILLS.values() for name in cells}


@pytest.mark.parametrize("name", [name for cells in STILLS.values() for name in cells])
def test_a_still_is_a_small_figure_in_light_and_dark(name: str) -> None:
    text = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert len(text) < LARGEST
    assert xml.fromstring(text).tag.endswith("svg")
    assert "prefers-color-scheme:dark" in text
