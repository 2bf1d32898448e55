"""Grading a whole class, and what is written about it."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from lab_utils.classroom.feedback import feedback, file_names
from lab_utils.classroom.grading import Grade, exercises_of, grade
from lab_utils.classroom.sandbox import Limits
from lab_utils.classroom.submission import find
from lab_utils.classroom.summary import summary
from lab_utils.classroom.table import figure, table
from lab_utils.whole_file import write_whole


def grade_class(
    submissions: Path, out: Path, lessons: Sequence[str], limits: Limits
) -> list[Grade]:
    """Grade what is in the folder `submissions`; write `grades.csv`, `summary.html` and
    a page for each learner to the folder `out`.

    lessons: those that count, or none for all of which something was handed in. Raises
    ValueError if there is nothing to grade, OSError for folders that do not work.
    """
    if out.resolve().is_relative_to(submissions.resolve()):
        raise ValueError(f"expected --out outside of {submissions}, where each folder "
                         "is a submission; name another one.")
    found = find(submissions)
    numbers = exercises_of(found, lessons)
    grades = []
    for each in found:
        grades.append(grade(each, numbers, limits))
        _progress(grades, len(found), sys.stderr)
    for path, content in _files(grades):
        write_whole(out / path, content)
    return grades


def _progress(grades: Sequence[Grade], of: int, screen: TextIO) -> None:
    """One line that is written over in a terminal; elsewhere one for each learner."""
    last = grades[-1]
    line = (f"{len(grades)} of {of}  {last.student}: {figure(last.total)} of "
            f"{len(last.marks)}")
    if screen.isatty():
        end = "\n" if len(grades) == of else ""
        print(f"\r\x1b[K{line[:78]}", end=end, file=screen, flush=True)
    else:
        print(line, file=screen, flush=True)


def _files(grades: Sequence[Grade]) -> Iterator[tuple[str, bytes]]:
    yield "grades.csv", table(grades)
    yield "summary.html", summary(grades)
    names = file_names([each.student for each in grades])
    for each, name in zip(grades, names, strict=True):
        yield f"feedback/{name}.html", feedback(each)
