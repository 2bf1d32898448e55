"""The page that a learner gets: a verdict and a message for each exercise."""

import re
from collections.abc import Iterable, Sequence
from html import escape

from lab_utils.classroom.grading import Grade, Mark
from lab_utils.classroom.page import page
from lab_utils.classroom.table import figure

LONGEST_NAME = 80
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
"""Names that Windows keeps for devices."""


def feedback(grade: Grade) -> bytes:
    """The page of one learner."""
    body = (f'<p class="total">{figure(grade.total)} of {len(grade.marks)} '
            f"({grade.percent:.0f} %)</p>\n")
    if grade.troubles:
        body += f"<h2>Not read</h2>\n{_list(grade.troubles, 'wrong')}"
    for lesson in dict.fromkeys(mark.exercise.number[0] for mark in grade.marks):
        marks = [mark for mark in grade.marks if mark.exercise.number[0] == lesson]
        verdicts = "".join(map(_verdict, marks))
        body += f"<h2>Lesson {lesson}</h2>\n<ul>\n{verdicts}</ul>\n"
    if grade.notes:
        body += f"<h2>Also noticed</h2>\n{_list(grade.notes, 'note')}"
    return page(grade.student, body)


def _verdict(mark: Mark) -> str:
    kind, sign = (("right", "✓") if mark.right else
                  ("part", "◐") if mark.held else ("wrong", "✗"))
    exercise = mark.exercise
    core = ' <span class="soft">core</span>' if exercise.core else ""
    message = f"<p>{escape(mark.message)}</p>" if mark.message else ""
    return (f'<li class="{kind}"><span class="parts">{mark.held} of '
            f'{len(exercise.parts)} parts hold</span><span class="mark">{sign}</span>'
            f"{exercise.number} {escape(exercise.title)}{core}{message}</li>\n")


def _list(lines: Iterable[str], kind: str) -> str:
    items = "".join(f'<li class="{kind}">{escape(line)}</li>\n' for line in lines)
    return f"<ul>\n{items}</ul>\n"


def file_names(students: Sequence[str]) -> list[str]:
    """A file name for each learner, without its suffix: good on every system, and no
    two the same, also where capitals do not count."""
    taken: set[str] = set()
    return [_free(_safe(student), taken) for student in students]


def _safe(student: str) -> str:
    kept = re.sub(r"[^\w .-]", "_", student)[:LONGEST_NAME].strip(" .") or "learner"
    return f"_{kept}" if RESERVED.match(kept) else kept


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free.casefold() in taken:
        number += 1
        free = f"{name}-{number}"
    taken.add(free.casefold())
    return free
