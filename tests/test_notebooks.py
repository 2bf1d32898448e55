"""How every notebook is written; what lessons are held to besides is in
`tests/lessons`, and `make lessons` runs them with nbmake."""

import json
from itertools import pairwise
from statistics import median

import pytest

from tests.lessons.lesson import NUMBERS, STEMS, Lesson


@pytest.fixture(params=NUMBERS, ids=STEMS)
def lesson(request: pytest.FixtureRequest) -> Lesson:
    return Lesson(request.param)


def test_committed_without_outputs(lesson: Lesson) -> None:
    notebook = json.loads(lesson.path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_cells_are_small(lesson: Lesson) -> None:
    for cell in lesson.code:
        assert len(cell.lines) <= 30, cell
        assert all(len(line) <= 79 for line in cell.lines), cell
    assert median(len(cell.lines) for cell in lesson.code) <= 5


def test_one_title_and_no_heading_level_is_skipped(lesson: Lesson) -> None:
    levels = [
        len(line) - len(line.lstrip("#"))
        for cell in lesson.cells
        for part in cell.paragraphs
        for line in part.splitlines()
        if line.startswith("#")
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
