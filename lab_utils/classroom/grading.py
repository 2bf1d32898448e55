"""Grading a submission: what each exercise is worth, and what is to be said."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lab_utils.classroom.judge import Task, step
from lab_utils.classroom.notebook import Notebook
from lab_utils.classroom.sandbox import Limits
from lab_utils.classroom.steps import Findings, Found, judged
from lab_utils.classroom.submission import Submission
from lab_utils.classroom.words import steady
from lab_utils.exercises.catalog import EXERCISES
from lab_utils.exercises.exercise import Exercise


@dataclass(frozen=True, slots=True)
class Mark:
    """What one exercise is worth: `held` of its parts, and the first message."""

    exercise: Exercise
    held: int
    right: bool
    message: str

    @property
    def score(self) -> float:
        """From 0 to 1."""
        return self.held / len(self.exercise.parts)


@dataclass(frozen=True, slots=True)
class Grade:
    """Of one learner: a mark for each exercise, and what else was noticed.

    troubles: what could not be read. notes: cells that failed, doubled functions.
    """

    student: str
    marks: tuple[Mark, ...]
    troubles: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def total(self) -> float:
        """The sum of the scores; each exercise weighs 1."""
        return sum(mark.score for mark in self.marks)

    @property
    def percent(self) -> float:
        """Of all exercises that were set."""
        return 100 * self.total / len(self.marks)


def exercises_of(
    submissions: Iterable[Submission], lessons: Sequence[str] = ()
) -> list[str]:
    """The numbers of the exercises that count: those of `lessons`, or else of every
    lesson of which anybody handed something in. Raises ValueError if there are none."""
    counted = set(lessons) or {
        lesson for submission in submissions for notebook in submission.notebooks
        for lesson in notebook.lessons
    }
    numbers = [number for number in EXERCISES if number[0] in counted]
    if not numbers:
        raise ValueError("expected exercises of the lessons 1 to 8; no submission has "
                         "any. Say which were set, such as --lessons 1 2.")
    return numbers


def grade(submission: Submission, numbers: Sequence[str], limits: Limits) -> Grade:
    """Judge one submission in processes of its own; raises OSError if none starts."""
    notebooks = submission.notebooks
    tasks = [Task(cells=list(notebook.cells),
                  exercises=[each for each in notebook.exercises if each in numbers])
             for notebook in notebooks]
    findings = judged(tasks, limits) if tasks else Findings()
    marks = [_mark(number, notebooks, findings) for number in numbers]
    notes = [note for at, notebook in enumerate(notebooks)
             for note in _notes(at, notebook, findings)]
    return Grade(submission.student, tuple(marks),
                 tuple(map(steady, submission.troubles)), tuple(map(steady, notes)))


def _mark(number: str, notebooks: list[Notebook], findings: Findings) -> Mark:
    """The best of what was found for one exercise; it may be in several notebooks."""
    exercise = EXERCISES[number]
    found = [_found(number, at, notebook, findings)
             for at, notebook in enumerate(notebooks) if number in notebook.exercises]
    best = max(found, key=lambda each: (each.right, each.held), default=Found(
        message=f"No notebook with the exercises of lesson {number[0]} could be read."))
    held = min(max(best.held, 0), len(exercise.parts))
    return Mark(exercise, held, best.right, steady(best.message))


def _found(number: str, at: int, notebook: Notebook, findings: Findings) -> Found:
    name = EXERCISES[number].function
    found = findings.found.get(step(at, number))
    if found is None:
        return Found(message=findings.unfinished)
    if not found.missing:
        return found
    for cell in reversed(_defining(name, notebook)):
        if said := findings.found.get(step(at, f"cell {cell}"), Found()).message:
            return Found(message=f"There is no {name}: code cell {cell}, which defines "
                                 f"it, did not run to its end. {said}")
    return Found(message=f"There is no {name}: its cell is missing, or its name is "
                         "another one.")


def _defining(name: str, notebook: Notebook) -> list[int]:
    """The code cells, from 1, that define the function `name`."""
    pattern = re.compile(rf"^(?:async )?def {name}\b", re.MULTILINE)
    return [at for at, source in enumerate(notebook.cells, 1)
            for _ in pattern.findall(source)]


def _notes(at: int, notebook: Notebook, findings: Findings) -> Iterator[str]:
    """What was odd about one notebook: as a whole, its cells, and its functions."""
    yield from notebook.notes
    for cell, source in enumerate(notebook.cells, 1):
        if said := findings.found.get(step(at, f"cell {cell}"), Found()).message:
            first = source.strip().partition("\n")[0][:60]
            yield f"{notebook.name}, code cell {cell} ({first}): {said}"
    counts = Counter({EXERCISES[number].function: len(_defining(
        EXERCISES[number].function, notebook)) for number in notebook.exercises})
    for name, count in counts.items():
        if count > 1:
            yield (f"{notebook.name}: {name} is defined {count} times; the last one "
                   "that runs counts.")
