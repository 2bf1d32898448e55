"""Whatever is handed in is graded and explained, and never stops the rest."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import psutil
import pytest

from lab_utils.classroom.grading import Grade, Mark, exercises_of, grade
from lab_utils.classroom.notebook import parse
from lab_utils.classroom.sandbox import MARK, Limits
from lab_utils.classroom.submission import Submission, find
from lab_utils.exercises.catalog import EXERCISES
from tests.classroom.handed_in import (
    FAULTS,
    before,
    broken,
    code,
    dumped,
    instead,
    put,
    right,
    solved,
)

pytestmark = pytest.mark.program

LIMITS = Limits(seconds=60, memory=700_000_000, step=1.0)
NUMBERS = ["2.1", "2.2", "2.3", "2.4"]


@pytest.fixture(autouse=True)
def nothing_runs_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """After a test, no process is alive that one of its submissions has started."""
    marks: list[UUID] = []

    def noted() -> UUID:
        marks.append(uuid4())
        return marks[-1]

    monkeypatch.setattr("lab_utils.classroom.sandbox.uuid4", noted)
    yield
    ours = {mark.hex for mark in marks}
    assert not [process.pid for process in psutil.process_iter(["environ"])
                if (process.info["environ"] or {}).get(MARK) in ours]


def graded(*contents: bytes, limits: Limits = LIMITS) -> Grade:
    """The grade of who has handed these notebooks in."""
    notebooks = [parse(f"{at}.ipynb", each) for at, each in enumerate(contents)]
    return grade(Submission("Ada", notebooks), NUMBERS, limits)


def scores(given: Grade) -> list[float]:
    return [mark.score for mark in given.marks]


def said(given: Grade) -> str:
    """All that a learner reads, on one line."""
    return " ".join([*given.troubles, *(mark.message for mark in given.marks),
                     *given.notes])


WHOLE = [1, 1, 1, 1]
EXPECTED: dict[str, tuple[Sequence[float], str]] = {
    "deleted": ([0, 1, 1, 1], "There is no take: its cell is missing"),
    "reordered": (WHOLE, ""),
    "merged": (WHOLE, ""),
    "twice": ([0.5, 1, 1, 1], "take is defined 2 times; the last one that runs"),
    "raises": (WHOLE, "code cell 1 (1 / 0): It raised ZeroDivisionError"),
    "no Python": ([0, 1, 1, 1], "code cell 2, which defines it, did not run to its "
                  "end. It is no Python in line 1"),
    "endless cell": (WHOLE, "code cell 1 (while True:): It did not come back within"),
    "endless answer": ([0, 1, 1, 1], "It did not come back within 1 s, and was"),
    "sleeps": (WHOLE, "cannot be stopped where it waits"),
    "sys.exit": (WHOLE, "It raised SystemExit(1)"),
    "os._exit": (WHOLE, "It ended Python with exit status 0, and was left out"),
    "os._exit in an answer": ([0, 1, 1, 1], "It ended Python with exit status 3"),
    "input": (WHOLE, "nobody types while this is graded"),
    "much output": (WHOLE, ""),
    "much memory": (WHOLE, "It raised MemoryError"),
    "a million": ([0.25, 1, 1, 1], "take(gen, 5) gave [7, 7,"),
    "magics": (WHOLE, ""),
    "cell magics": (WHOLE, ""),
    "timed": ([0.75, 1, 1, 1], "It raised StopIteration()"),
    "awaits": (WHOLE, ""),
    "nbformat 3": (WHOLE, ""),
    "one string": (WHOLE, ""),
    "another kernel": (WHOLE, "its language is R; it was read as Python"),
    "stub": ([0, 1, 1, 1], 'still has a `...` in it: write yours, or ask check.hint('),
    "raises in it": ([0.75, 1, 1, 1], "It raised StopIteration()"),
}
UNREADABLE = {
    "empty": "is empty", "binary": "it is no JSON", "half": "it is no JSON",
    "no notebook": "it has no list of cells", "a list": "got a list",
    "deep": "it is no JSON",
}


@pytest.mark.parametrize("fault", EXPECTED)
def test_a_fault_costs_no_more_than_its_exercise_and_is_explained(fault: str) -> None:
    expected, words = EXPECTED[fault]
    given = graded(FAULTS[fault])
    assert (scores(given), words in said(given)) == (expected, True), said(given)
    if not words:
        assert said(given).strip() == ""


@pytest.mark.parametrize("fault", UNREADABLE)
def test_a_file_that_is_no_notebook_is_said_to_be_so(
    fault: str, tmp_path: Path
) -> None:
    put(tmp_path, "Ada", FAULTS[fault])
    put(tmp_path, "Bo", right())
    first, second = find(tmp_path)
    assert UNREADABLE[fault] in first.troubles[0]
    assert "lesson 2 could be read" in grade(first, NUMBERS, LIMITS).marks[0].message
    assert second.notebooks and not second.troubles


def test_each_fault_has_its_expectation() -> None:
    assert {*EXPECTED, *UNREADABLE} == set(FAULTS)


def test_what_was_judged_before_the_time_was_over_keeps_its_result() -> None:
    waits = broken(lambda cells: [*cells, code(
        "import time\ndef decode_greedy(*a):\n    time.sleep(100)")])
    given = graded(waits, limits=Limits(seconds=4, step=60))
    assert scores(given) == [1, 0, 0, 0]
    first, second, third, _ = (mark.message for mark in given.marks)
    assert first == ""
    assert second == "It was still running when the time was over, and was left out."
    assert third == "Not judged: the 4 s of a submission were over."


def test_what_a_submission_starts_does_not_survive(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    leaves = before(
        "import subprocess, sys\n"
        f"with open({str(pids)!r}, 'w') as file:\n"
        "    for alone in (False, True):\n"
        "        child = subprocess.Popen([sys.executable, '-c', "
        "'import time; time.sleep(100)'], start_new_session=alone)\n"
        "        print(child.pid, file=file)")
    given = graded(leaves)
    assert scores(given) == WHOLE
    for pid in map(int, pids.read_text().split()):
        with suppress(psutil.NoSuchProcess):
            assert psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_it_sees_no_keys_of_yours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "secret")
    given = graded(before("import os\nraise ValueError(sorted(os.environ))"))
    assert "MY_TOKEN" not in said(given)
    assert "HF_HUB_OFFLINE" in said(given)


def test_a_process_that_grows_where_the_system_sets_no_limit_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    grown = tmp_path / "grown"

    def memory(pid: int) -> int:
        try:
            grown.unlink()
        except FileNotFoundError:
            return 0
        return 10**12

    monkeypatch.setattr("lab_utils.classroom.sandbox._memory", memory)
    grows = before(f"open({str(grown)!r}, 'w').close()\nwhile True: pass")
    given = graded(grows, limits=replace(LIMITS, step=9))
    assert scores(given) == WHOLE
    assert "It took more than 700 MB of memory, and was left out" in said(given)


def test_an_exercise_in_two_notebooks_counts_where_it_is_better() -> None:
    given = graded(instead("def take(gen, n):\n    return []"), right())
    assert scores(given) == WHOLE


def test_two_notebooks_do_not_see_each_others_names() -> None:
    without = broken(lambda cells: [c for c in cells if c["id"] != "x2-1-b"])
    lesson_8 = {**solved("08"), "cells": [code("def take(gen, n):\n    return []"),
                                          *solved("08")["cells"]]}
    given = graded(dumped(lesson_8), without)
    assert given.marks[0].message.startswith("There is no take")


def test_who_writes_into_the_results_stops_nobody_and_gets_no_more_than_all() -> None:
    cheats = before(
        "import json, gc, io, os\n"
        "for file in gc.get_objects():\n"
        "    if isinstance(file, io.TextIOWrapper) and 'results' in str(file.name):\n"
        "        for name, held in (('0 2.1', 9), ('0 2.2', 'x'), ('9', 9), (7, 9)):\n"
        "            line = dict(begin=name, end=name, held=held)\n"
        "            print(json.dumps(line), file=file)\n"
        "        print('[' * 9000, '\\n[7]', file=file, flush=True)\n"
        "        os._exit(0)")
    given = graded(cheats)
    assert scores(given) == [1, 0, 0, 0]
    assert "the submission ended its grading by itself" in given.marks[3].message


def test_the_exercises_that_count_are_those_of_the_lessons_handed_in() -> None:
    ada, bo = (Submission(name, [parse(f"{lesson}.ipynb", dumped(solved(lesson)))])
               for name, lesson in (("Ada", "02"), ("Bo", "08")))
    assert exercises_of([ada, bo]) == [*NUMBERS, "8.1", "8.2", "8.3"]
    assert exercises_of([ada, bo], ["2"]) == NUMBERS
    with pytest.raises(ValueError, match="--lessons"):
        exercises_of([Submission("Cy")])


def test_a_lesson_that_was_not_handed_in_is_worth_nothing_and_says_so() -> None:
    given = grade(Submission("Ada", []), ["8.1"], LIMITS)
    assert given.marks == (Mark(EXERCISES["8.1"], 0, False, "No notebook with the "
                                "exercises of lesson 8 could be read."),)
    assert given.percent == 0
