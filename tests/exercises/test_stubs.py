"""The learners' notebooks are made of the solved ones, and say nothing of them."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from lab_utils.exercises.catalog import EXERCISES
from lab_utils.exercises.check import HINTS
from lab_utils.exercises.stubs import (
    FOLDER,
    SOLUTIONS,
    as_lines,
    emptied,
    files,
    with_blanks,
)

SOLVED = sorted(SOLUTIONS.glob("*.ipynb"))
ALL = [*SOLVED, *sorted(FOLDER.glob("*.ipynb"))]


def _cells(path: Path, kind: str) -> list[str]:
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == kind]


def test_what_is_committed_is_what_the_solutions_give() -> None:
    old = [path.name for path, text in files()
           if path.read_text(encoding="utf-8") != text]
    assert not old, "run: python -m lab_utils.exercises.stubs"


def test_each_lesson_has_its_exercises_and_each_exercise_its_cells() -> None:
    stems = [path.stem for path in sorted(FOLDER.parent.glob("0[1-8]-*.ipynb"))]
    assert [path.stem for path in SOLVED] == stems
    for path in SOLVED:
        text = "\n".join(_cells(path, "markdown"))
        titles = re.findall(r"^## (\d\.\d) (.+?) · (core, )?(\d+) minutes$", text, re.M)
        assert [
            (number, exercise.title, "core, " if exercise.core else "",
             str(exercise.minutes))
            for number, exercise in EXERCISES.items() if number[0] == path.stem[1]
        ] == titles
        checks = re.findall(r"^check\.exercise_(\d)_(\d)\((\w+)\)$",
                            "\n".join(_cells(path, "code")), re.M)
        assert [(f"{a}.{b}", name) for a, b, name in checks] == [
            (number, EXERCISES[number].function) for number, *_ in titles]


@pytest.mark.parametrize("path", ALL, ids=lambda path: "/".join(path.parts[-2:]))
def test_cells_are_committed_without_outputs_and_small(path: Path) -> None:
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        if cell["cell_type"] == "code":
            lines = "".join(cell["source"]).splitlines()
            assert len(lines) <= 30
            assert all(len(line) <= 79 for line in lines)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda p: p.stem)
def test_a_stub_has_a_gap_for_each_exercise_and_no_solution(path: Path) -> None:
    cells = _cells(path, "code")
    gaps = [cell for cell in cells if re.search(r"^    \.\.\.$", cell, re.M)]
    assert len(gaps) == len([n for n in EXERCISES if n[0] == path.stem[1]])
    assert not [cell for cell in cells if "SOLUTION" in cell]
    for cell in cells:
        ast.parse(cell)


def test_a_solution_becomes_a_gap_and_what_surrounds_it_stays() -> None:
    solved = ("def f(a):\n    b = 1\n    ### BEGIN SOLUTION\n    return a + b\n"
              "    ### END SOLUTION\n\nf(1)\n")
    assert emptied(solved) == "def f(a):\n    b = 1\n    ...\n\nf(1)\n"
    assert emptied("f(1)\n") == "f(1)\n"


def test_blanks_stand_for_conditions_and_for_what_is_given_back() -> None:
    solved = ("def f(é, b):\n    ### BEGIN SOLUTION\n    while é < b:\n"
              "        if é == 2: yield é + 1\n    return (é, b)\n"
              "    ### END SOLUTION")
    assert with_blanks(solved) == ("def f(é, b):\n    while ___:\n"
                                   "        if ___: yield ___\n    return ___")


def test_sorted_lines_do_not_give_the_answers_of_a_table_away() -> None:
    solved = ("def f():\n    ### BEGIN SOLUTION\n    return {\n        'b': 2,\n"
              "        'a': 1,\n        'd': 1,\n        'c': 3,\n    }\n"
              "    ### END SOLUTION")
    assert [line.strip() for line in as_lines(solved).splitlines()] == [
        "'a': ___,", "'b': ___,", "'c': ___,", "'d': ___,", "return {", "}", "",
        "Each ___ is one of these:", "1", "2", "3",
    ]
    small = "### BEGIN SOLUTION\nx = {'a': 1}\ny = 2\n### END SOLUTION"
    assert as_lines(small).split("\n") == ["    x = {'a': 1}", "    y = 2"]


def test_every_hint_differs_from_its_solution_and_from_the_stub() -> None:
    hints = json.loads(dict(files())[HINTS])
    assert list(hints) == list(EXERCISES)
    for number, hint in hints.items():
        assert "___" in hint["blanks"], number
        assert "SOLUTION" not in hint["blanks"] + hint["lines"]
        assert hint["lines"].strip()


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_each_lesson_leads_to_its_exercises(path: Path) -> None:
    text = "\n".join(_cells(FOLDER.parent / path.name, "markdown"))
    assert f"](exercises/{path.name})" in text
