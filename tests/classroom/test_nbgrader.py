"""The real nbgrader adopts the solved notebooks: it gives out, grades and reports."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from sysconfig import get_path

import pytest

from lab_utils.classroom.release import release
from lab_utils.exercises import check
from lab_utils.exercises.stubs import BEGIN, SOLUTIONS
from tests.classroom.handed_in import instead
from tests.exercises import right

ROOT = Path(__file__).parents[2]
SOLVED = sorted(SOLUTIONS.glob("*.ipynb"))
LESSONS = ("02-generate-stream.ipynb", "08-how-vllm-and-sglang-do-it.ipynb")
CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "lab"
c.ClearSolutions.code_stub = {"python": "..."}
"""


def nbgrader(course: Path, *arguments: str) -> None:
    """Run one of nbgrader's steps in the folder `course`."""
    path = os.pathsep.join([get_path("scripts"), os.environ["PATH"]])  # for alembic
    run = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments], cwd=course,
        capture_output=True, text=True, timeout=100,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT),
             "JUPYTER_PREFER_ENV_PATH": "1"},
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.program
def test_nbgrader_gives_out_grades_and_reports(tmp_path: Path) -> None:
    pytest.importorskip("nbgrader", reason="not installed: extra [nbgrader]")
    (tmp_path / "nbgrader_config.py").write_text(CONFIG)
    for folder in ("source/lab", "submitted/ada/lab", "submitted/bo/lab"):
        (tmp_path / folder).mkdir(parents=True)
        for lesson in LESSONS:
            shutil.copy(SOLUTIONS / lesson, tmp_path / folder)
    half = instead("def take(gen, n):\n    return []")
    (tmp_path / "submitted/bo/lab" / LESSONS[0]).write_bytes(half)
    release(tmp_path / "submitted/cy/lab")

    nbgrader(tmp_path, "generate_assignment", "lab")
    nbgrader(tmp_path, "autograde", "lab")
    nbgrader(tmp_path, "generate_feedback", "lab")
    nbgrader(tmp_path, "export")

    for lesson in LESSONS:
        given = (tmp_path / "release/lab" / lesson).read_text(encoding="utf-8")
        assert BEGIN not in given and "..." in given
        assert (tmp_path / "feedback/ada/lab" / lesson).with_suffix(".html").exists()
    with (tmp_path / "grades.csv").open(newline="") as file:
        scores = {row["student_id"]: row["score"] for row in csv.DictReader(file)}
    assert scores == {"ada": "7.0", "bo": "6.5", "cy": "0.0"}


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_each_answer_and_each_check_is_marked_for_nbgrader(path: Path) -> None:
    ids = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        answer, checked = BEGIN in source, source.startswith("check.exercise_")
        marks = cell["metadata"].get("nbgrader")
        assert (marks is not None) == (answer or checked)
        if marks is not None:
            ids.append(marks["grade_id"])
            assert marks["schema_version"] == 3
            assert (marks["solution"], marks["grade"]) == (answer, checked)
            assert marks.get("points") == (1 if checked else None)
    assert len(ids) == len(set(ids)) > 0


def test_a_check_returns_points_to_nbgrader_and_nothing_to_a_notebook(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    assert check.exercise_2_1(right.take) is None
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert check.exercise_2_1(right.take) == 1.0
    assert check.exercise_2_1(lambda gen, n: []) == 0.5
