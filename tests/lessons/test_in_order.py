"""A lesson from top to bottom: every cell twice, no catch-up needed, nothing left.

All cells are queued at once, as JupyterLab's Run All does; nbmake runs them one by one.
A patched event loop can drop queued cells without an error, and only this sees it.
"""

import ast
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lessons import statements
from tests.lessons.kernel import BEGIN, LEFT_BEHIND, Kernel
from tests.lessons.lesson import NUMBERS, Lesson

RUN_S = 120
"""A minute for each of the two times."""

HELPERS = """
def _mine():
    from lab_utils import registry
    names = {name: each for name, each in globals().items() if name[:1] != "_"}
    return names, registry.running()

def _changes_nothing(names, running):
    now, still_running = _mine()
    new = now.keys() - names.keys() - {"catch_up"}
    gone = names.keys() - now.keys()
    other = {name for name in now.keys() & names.keys() if now[name] is not names[name]}
    assert not new | gone | other - {"catch_up"}, f"{new=} {gone=} {other=}"
    assert running == still_running, "another server runs"
    for name in now.keys() - names.keys():
        del globals()[name]

def _guess_otherwise():
    from lab_utils.plots.guess import Guess
    for each in _mine()[0].values():
        for guess in each.values() if isinstance(each, dict) else [each]:
            if isinstance(guess, Guess):
                guess.value = 3 * guess.value + 1
"""
CATCH_UP = "_before = _mine()\n{source}\n_changes_nothing(*_before)"


@pytest.mark.timeout(2 * RUN_S)
@pytest.mark.parametrize("number", NUMBERS)
def test_every_cell_runs_twice_and_no_catch_up_is_needed(number: str) -> None:
    walk(Lesson(number))


def walk(lesson: Lesson) -> None:
    """Run its cells in order, each a second time with another guess."""
    runs = list(steps(lesson))
    with Kernel() as kernel:
        for source in BEGIN, HELPERS:
            assert not kernel.run(source).error
        replies = kernel.run_all([source for _, source in runs], RUN_S)
        for (when, _), reply in zip(runs, replies, strict=True):
            assert not reply.error, f"{when}:\n{reply.trace}"
        left = kernel.run(LEFT_BEHIND)
        assert not left.error, left.message


def steps(lesson: Lesson) -> Iterator[tuple[str, str]]:
    """What is run, after the words for which cell that is and when."""
    for cell in lesson.code:
        if cell.is_catch_up:  # what it adds is taken away: as if it was skipped
            yield f"{cell}, in order", CATCH_UP.format(source=cell.source)
        else:
            yield f"{cell}, at first", cell.source
            yield f"{cell}, a changed guess", "_guess_otherwise()"
            yield f"{cell}, once more", guessed_otherwise(cell.source)


def guessed_otherwise(source: str) -> str:
    """The cell as a learner leaves it who changes the `my_… = …` in it."""
    nodes = statements.parse(source)
    if True not in [changed(node) for node in nodes]:
        return source
    return ast.unparse(ast.Module(nodes, []))


def changed(node: ast.stmt) -> bool:
    """Put another guess into `my_… = 4`, `my_… = "a"` or a dict of such."""
    match node:
        case ast.Assign([ast.Name(name)], value) if name.startswith("my_"):
            guesses = value.values if isinstance(value, ast.Dict) else [value]
            constants = [each for each in guesses if isinstance(each, ast.Constant)]
            for each in constants:
                each.value = other(each.value)
            return bool(constants)
    return False


def other(guess: Any) -> Any:
    """Another guess of the same kind."""
    if isinstance(guess, str):
        return " ".join(reversed(guess.split())) if " " in guess else "b"
    return 3 * guess + 1
