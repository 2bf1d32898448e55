"""A cell outside Jupyter does what it does in it, as far as grading needs that."""

import builtins
import inspect
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from lab_utils.classroom.cells import namespace, run
from lab_utils.lessons.your_turn import has_gaps


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A notebook's names; afterwards this process is as it was."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setattr(builtins, "input", input)
    yield namespace()


def ran(source: str, names: dict[str, Any]) -> str:
    return run(source, "<code cell 1>", names, limit_s=5)


@pytest.mark.parametrize("source", [
    "x = 1", "import asyncio\nawait asyncio.sleep(0)\nx = 1", "%%time\nx = 1",
    "%matplotlib inline\nx = 1", "if True:\n    !ls\n    x = 1", "x = 1\nx?",
    "files = !ls\nx = 1", "display(2)\nget_ipython().magic('ls')\nx = 1",
    "check.hint('2.1'); x = 1\nprint(x)",
    "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\nx = A(1).x",
])
def test_what_runs_in_a_notebook_runs_here(source: str, names: dict[str, Any]) -> None:
    assert (ran(source, names), names.get("x")) == ("", 1)


@pytest.mark.parametrize("source", [
    "", "# nothing", "%%bash\nx=1", "%%html\n<b>x</b>", "check.exercise_2_1(take)\n",
])
def test_what_is_nothing_to_run_is_passed_over(
    source: str, names: dict[str, Any]
) -> None:
    assert ran(source, names) == ""
    assert "x" not in names


@pytest.mark.parametrize(("source", "words"), [
    ("x = ", "It is no Python in line 1: invalid syntax."),
    ("x = '\0'", "It is no Python"),
    ("x = '\ud83d'", "It is no Python"),
    ("(" * 1000, "It is no Python"),
    ("import asyncio\nasyncio.run(1)", "It raised "),
    ("exit()", "It raised SystemExit"),
    ("raise KeyboardInterrupt", "It raised KeyboardInterrupt"),
])
def test_what_does_not_run_is_said_in_a_sentence(
    source: str, words: str, names: dict[str, Any]
) -> None:
    said = ran(source, names)
    assert said.startswith(words)
    assert "\n" not in said


def test_the_source_of_what_a_cell_defines_is_known(names: dict[str, Any]) -> None:
    assert ran("def f():\n    ...\n", names) == ""
    assert inspect.getsource(names["f"]) == "def f():\n    ...\n"
    assert has_gaps(names["f"])
