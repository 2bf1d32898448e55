"""The page of a class: how each exercise went, and what was said most often."""

from collections import Counter
from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from lab_utils.classroom.feedback import file_names
from lab_utils.classroom.grading import Grade, Mark
from lab_utils.classroom.page import page
from lab_utils.classroom.table import figure
from lab_utils.classroom.words import grouped

MOST_OFTEN = 3


def summary(grades: Sequence[Grade]) -> bytes:
    """`summary.html`: a row for each exercise, then one for each learner."""
    by_exercise = zip(*(grade.marks for grade in grades), strict=True)
    mean = sum(grade.percent for grade in grades) / len(grades)
    body = f'<p class="total">{len(grades)} learners, {mean:.0f} % on average</p>\n'
    body += "<h2>Exercises</h2>\n" + _table(
        ("exercise", "right", "mean", "said most often"), map(_exercise, by_exercise))
    names = file_names([grade.student for grade in grades])
    body += "<h2>Learners</h2>\n" + _table(
        ("learner", "total", "not read"), map(_learner, grades, names))
    return page("How the class did", body)


def _table(heads: Sequence[str], rows: "map[str]") -> str:
    head = "".join(f"<th>{each}</th>" for each in heads)
    return f"<table>\n<tr>{head}</tr>\n{''.join(rows)}</table>\n"


def _exercise(marks: Sequence[Mark]) -> str:
    exercise = marks[0].exercise
    right = sum(mark.right for mark in marks)
    mean = sum(mark.score for mark in marks) / len(marks)
    core = ' <span class="soft">core</span>' if exercise.core else ""
    said = "".join(f"<p>{count} × {escape(words)}</p>"
                   for words, count in _often(marks))
    return (f"<tr><td>{exercise.number} {escape(exercise.title)}{core}</td>"
            f'<td class="number">{right} of {len(marks)}</td>'
            f'<td class="number">{figure(mean)}</td><td>{said}</td></tr>\n')


def _often(marks: Sequence[Mark]) -> list[tuple[str, int]]:
    counts = Counter(grouped(mark.message) for mark in marks if mark.message)
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:MOST_OFTEN]


def _learner(grade: Grade, name: str) -> str:
    troubles = "".join(f"<p>{escape(line)}</p>" for line in grade.troubles)
    link = f'<a href="feedback/{quote(name)}.html">{escape(grade.student)}</a>'
    return (f'<tr><td>{link}</td><td class="number">{figure(grade.total)} of '
            f"{len(grade.marks)}</td><td>{troubles}</td></tr>\n")
