"""Where the learner writes: a stub with gaps, a folded solution, a check."""

import ast

import pytest

from tests.lessons.lesson import LESSONS, Cell, Lesson

FIRST = "# a solution; it is used only while yours has a `...` in it"
ASKS = "**Your turn:**"


@pytest.mark.parametrize("number", LESSONS)
def test_a_stub_is_followed_by_its_folded_solution_and_a_check(number: str) -> None:
    for section in Lesson(number).sections:
        code = [cell for cell in section.cells if cell.is_code]
        for at, cell in enumerate(code):
            if cell.is_turn:
                folded, check = code[at + 1:at + 3]
                assert not wrong_turn(cell, folded, check)
                assert ASKS in section.source, f"{section.name} does not say {ASKS}"
            elif cell.is_solution:
                assert code[at - 1].is_turn, f"{cell} solves nothing"


def wrong_turn(stub: Cell, folded: Cell, check: Cell) -> list[str]:
    """What is not as agreed in the three cells."""
    wrong = []
    if "..." not in stub.source:
        wrong.append(f"{stub} has no gap")
    if not (folded.is_solution and folded.is_folded and folded.lines[0] == FIRST):
        wrong.append(f"{folded} is no folded solution that begins with {FIRST}")
    if defined(folded) != defined(stub):
        wrong.append(f"{folded} defines {defined(folded)}, not {defined(stub)}")
    calls = [ast.unparse(node.func) for each in check.statements
             for node in ast.walk(each.node) if isinstance(node, ast.Call)]
    if not any(call.startswith("check_") for call in calls):
        wrong.append(f"{check} calls no check_…")
    return wrong


def defined(cell: Cell) -> list[str]:
    """The functions that it defines."""
    return [name for each in cell.statements if each.defines for name in each.binds]
