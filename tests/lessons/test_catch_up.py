"""Each section that needs names catches up on exactly those; in order nobody must."""

import ast
from collections.abc import Iterator

import pytest

from tests.lessons.lesson import LESSONS, Cell, Lesson

FIRST = "# catch up: run this if you start here; what you have stays yours"
LINES = range(3, 7)


@pytest.mark.parametrize("number", LESSONS)
def test_it_is_folded_says_what_it_is_and_calls_catch_up_alone(number: str) -> None:
    for cell in Lesson(number).cells:
        if cell.is_catch_up:
            assert cell.lines[0] == FIRST, cell
            assert cell.is_folded, f"{cell} is not folded"
            assert len(cell.lines) in LINES, cell
            assert given(cell)[0] == number, cell


@pytest.mark.parametrize("number", LESSONS)
def test_a_section_that_needs_something_catches_up_on_it_first(number: str) -> None:
    assert list(wrong_catch_ups(Lesson(number))) == []


@pytest.mark.parametrize("number", LESSONS)
def test_in_order_nobody_needs_a_catch_up(number: str) -> None:
    assert list(out_of_nowhere(Lesson(number))) == []


def wrong_catch_ups(lesson: Lesson) -> Iterator[str]:
    """Sections whose catch-up is missing, comes late, or names other names."""
    for section in lesson.sections:
        code = [cell for cell in section.cells if cell.is_code]
        found = [cell for cell in code if cell.is_catch_up]
        if found not in ([], code[:1]):
            yield f"{section.name}: more than one, or not its first code"
        names = given(found[0])[1] if found else []
        if sorted(section.needs) != sorted(names):
            needs = " ".join(sorted(section.needs, key=str.lower))
            yield f"{section.name} must catch up on exactly: {needs or 'nothing'}"


def out_of_nowhere(lesson: Lesson) -> Iterator[str]:
    """Names that no cell in sight has bound before the section that needs them."""
    bound: set[str] = set()
    for section in lesson.sections:
        for name in sorted(section.needs - bound):
            yield f"{section.name} uses {name}"
        for cell in section.cells:
            if cell.is_run:
                bound.update(*(each.binds for each in cell.statements))


def given(cell: Cell) -> tuple[str, list[str]]:
    """The number and the names that it gives to `catch_up`; it does nothing else."""
    importing, calling = ast.parse(cell.source).body
    assert ast.unparse(importing) == "from lab_utils.lessons.so_far import catch_up"
    assert isinstance(calling, ast.Expr) and isinstance(calling.value, ast.Call), cell
    assert ast.unparse(calling.value.func) == "catch_up", cell
    assert not calling.value.keywords, cell
    namespace, number, names = calling.value.args
    assert ast.unparse(namespace) == "globals()", cell
    return ast.literal_eval(number), ast.literal_eval(names).split()
