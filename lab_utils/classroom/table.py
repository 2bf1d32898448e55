"""The table of a class, as spreadsheets read it."""

import csv
from collections.abc import Sequence
from io import StringIO

from lab_utils.classroom.grading import Grade

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would compute."""


def table(grades: Sequence[Grade]) -> bytes:
    """`grades.csv`: a row for each learner, with the score of each exercise (0 to 1),
    their sum, its percentage and what could not be read. There is at least one."""
    file = StringIO(newline="")
    writer = csv.writer(file)
    exercises = [mark.exercise for mark in grades[0].marks]
    writer.writerow(["student", *(f"{each.number} core" if each.core else each.number
                                  for each in exercises), "total", "percent", "remark"])
    for grade in grades:
        writer.writerow([_text(grade.student), *(figure(m.score) for m in grade.marks),
                         figure(grade.total), f"{grade.percent:.1f}",
                         _text(" ".join(grade.troubles))])
    return file.getvalue().encode("utf-8-sig")  # the sign by which Excel knows UTF-8


def figure(score: float) -> str:
    """A score with two digits, or fewer where it is whole."""
    return f"{round(score, 2):g}"


def _text(words: str) -> str:
    """A cell that is read as text: an apostrophe is how spreadsheets mark one."""
    return f"'{words}" if words.startswith(FORMULA) else words
