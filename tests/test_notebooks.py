"""What every notebook is held to: how it is written, and that Run All really runs it.

`make lessons` runs them cell by cell with nbmake; here all cells are queued at once, as
JupyterLab's Run All does. A patched event loop can drop queued cells without an error,
and only this sees it. What lessons are held to besides is in `tests/lessons`.
"""

import json
from itertools import pairwise
from statistics import median

import pytest

from tests.lessons.kernel import BEGIN, LEFT_BEHIND, Kernel
from tests.lessons.lesson import NUMBERS, STEMS, Lesson

RUN_S = 60


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


@pytest.mark.timeout(3 * RUN_S)
def test_all_cells_queued_at_once_all_run(lesson: Lesson) -> None:
    with Kernel() as kernel:
        assert not kernel.run(BEGIN).error
        replies = kernel.run_all([cell.source for cell in lesson.code], RUN_S)
        for cell, reply in zip(lesson.code, replies, strict=True):
            assert not reply.error, f"{cell}\n{reply.trace}"
        left = kernel.run(LEFT_BEHIND)
        assert not left.error, left.message
