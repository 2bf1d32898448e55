"""How much a lesson asks of a learner: words, code, terms, minutes, things to do."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

import pytest

from tests.lessons.glossary import terms
from tests.lessons.lesson import (
    CORE,
    LESSONS,
    OTHER,
    PREDICT,
    SIDE,
    SUMMARY,
    TITLE,
    Cell,
    Lesson,
    Section,
    count_words,
    prose,
)

CELLS = range(35, 61)
"""What everybody goes through: all but the side paths."""

SIDE_CELLS = range(0, 21)
CORE_WORDS = range(1000, 2001)
TERMS_PER_SECTION = 3
WORDS_TO_DO, MINUTES_TO_THINK = 300, 8

WORDS_PER_MINUTE = 200
MINUTES_PER_LINE = 4 / 60
MINUTES_PER_PREDICTION = 30 / 60
MINUTES_PER_QUESTION = 60 / 60
MINUTES_PER_TURN = 180 / 60
"""To fill the gaps of a function."""

MINUTES_TO_RUN = 10 / 60
"""Per section: what running takes is not known here."""

def wrong_size(lesson: Lesson) -> list[str]:
    """Too little or too much; the size of cells is every notebook's, not only ours."""
    wrong = []
    # Folded cells (catching up, solutions) are none that a reader goes through.
    shown = sum(not cell.is_folded for cell in lesson.cells)
    side = sum(not cell.is_folded for section in lesson.of_kind(SIDE)
               for cell in section.cells)
    if shown - side not in CELLS or side not in SIDE_CELLS:
        wrong.append(f"{shown - side} cells, and {side} on side paths")
    words = sum(section.words for section in lesson.of_kind(CORE))
    if words not in CORE_WORDS:
        wrong.append(f"{words} words in the core")
    return wrong


def wrong_headings(lesson: Lesson) -> list[str]:
    """Headings of no agreed form, out of order, or inside of a cell."""
    wrong = [each.heading for each in lesson.sections if each.kind == OTHER]
    begins = {section.cells[0].index for section in lesson.sections}
    for cell in lesson.cells:
        headings = re.findall(r"^#+ .*", "\n\n".join(cell.paragraphs), re.MULTILINE)
        first = 1 if cell.index in begins else 0
        wrong += [line for line in headings[first:] if not line.startswith("###")]
    order = [TITLE, CORE, SIDE, SUMMARY]
    kinds = [order.index(each.kind) for each in lesson.sections if each.kind in order]
    if kinds != sorted(kinds) or kinds.count(0) != 1 or kinds.count(3) != 1:
        wrong.append(f"not one title, core, side paths, one summary: {kinds}")
    numbers = [section.number for section in lesson.of_kind(CORE)]
    expected = [f"{int(lesson.number)}.{i + 1}" for i in range(len(numbers))]
    if numbers != expected:
        wrong.append(f"numbered {numbers}")
    if not lesson.title.startswith(f"{lesson.number} · "):
        wrong.append(lesson.title)
    return wrong


def missing_in_title(lesson: Lesson) -> list[str]:
    """Objectives, prerequisites, and a time that agrees with the sections'."""
    text = lesson.sections[0].source
    wrong = []
    items = len(re.findall(r"^(?:\d+\.|-) ", text, re.MULTILINE))
    if "**By the end you " not in text or not 3 <= items <= 6:
        wrong.append(f"3 to 6 objectives, not {items}")
    if "**You need:**" not in text:
        wrong.append("**You need:**")
    stated = re.search(r"\*\*Time:\*\*\s+core\s+(?:about\s+)?(\d+)\s+minutes", text)
    core = sum(section.minutes for section in lesson.of_kind(CORE))
    summary = sum(section.minutes for section in lesson.of_kind(SUMMARY))
    if stated is None:
        wrong.append("**Time:** core … minutes")
    elif not 0.9 * core <= int(stated[1]) <= 1.1 * (core + summary):
        wrong.append(
            f"states {stated[1]} minutes; the core has {core}, the summary {summary}"
        )
    return wrong


def path_of_most(lesson: Lesson) -> Iterator[Section]:
    """The core and the summary: what is read without the side paths."""
    yield from lesson.of_kind(CORE, SUMMARY)


def too_many_terms(lesson: Lesson) -> list[str]:
    """Core sections that bring more new terms than one can take in."""
    brought: dict[str, list[str]] = {}
    for term in terms():
        if term.lesson == lesson.number:
            brought.setdefault(term.section, []).append(term.name)
    return [
        f"{section.name} brings {', '.join(brought[section.number])}"
        for section in lesson.of_kind(CORE)
        if len(brought.get(section.number, ())) > TERMS_PER_SECTION
    ]


def long_reads(lesson: Lesson) -> list[str]:
    """Where more words follow each other than one reads before doing something."""
    wrong = []
    words, since = 0, "the title"
    for part, does, where in steps(path_of_most(lesson)):
        words += part
        if does:
            if words > WORDS_TO_DO:
                wrong.append(f"{words} words from {since} to {where}")
            words, since = 0, where
    if words > WORDS_TO_DO:
        wrong.append(f"{words} words from {since} to the end")
    return wrong


def steps(sections: Iterable[Section]) -> Iterator[tuple[int, bool, str]]:
    """The words of each paragraph, and whether there is something to do after them."""
    for section in sections:
        for cell in section.cells:
            where = f"{section.name}, {cell}"
            for part in cell.paragraphs:
                does = PREDICT in part or "<details" in part
                yield count_words(prose(part)), does, where
            if cell.is_run:
                yield 0, True, where


def thoughtless(lesson: Lesson) -> list[str]:
    """Where nothing is to be predicted or answered for too many minutes."""
    minutes, turns = 0.0, [(0.0, "the start")]
    for section in path_of_most(lesson):
        for cell, guesses in section.guesses():
            minutes += cell.words / WORDS_PER_MINUTE
            if guesses or cell.questions:
                turns.append((minutes, f"{section.name}, {cell}"))
            minutes += asks(cell, guesses)
        minutes += MINUTES_TO_RUN
    turns.append((minutes, "the end"))
    return [
        f"{end - begin:.1f} minutes from {since} to {until}"
        for (begin, since), (end, until) in pairwise(turns)
        if end - begin > MINUTES_TO_THINK
    ]


def asks(cell: Cell, guesses: int) -> float:
    """The minutes that a cell takes beside its text."""
    return (
        MINUTES_PER_LINE * len(cell.lines) * (cell.is_run and not cell.is_solution)
        + MINUTES_PER_TURN * cell.is_turn
        + MINUTES_PER_PREDICTION * guesses
        + MINUTES_PER_QUESTION * cell.questions
    )


def estimate(section: Section) -> float:
    """The minutes that a section takes."""
    beside = sum(asks(cell, guesses) for cell, guesses in section.guesses())
    return section.words / WORDS_PER_MINUTE + beside + MINUTES_TO_RUN


def wrong_minutes(lesson: Lesson) -> list[str]:
    """Core sections that state other minutes than they take, by a quarter and by 1."""
    return [
        f"{section.name} states {section.minutes} minutes, takes {minutes:.1f}"
        for section in lesson.of_kind(CORE)
        if abs(section.minutes - (minutes := estimate(section))) > max(1, minutes / 4)
    ]


CHECKS = [
    wrong_size, wrong_headings, missing_in_title, too_many_terms, long_reads,
    thoughtless, wrong_minutes,
]


@pytest.mark.parametrize("number", LESSONS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_load(check: Callable[[Lesson], list[str]], number: str) -> None:
    wrong = check(Lesson(number))
    assert not wrong, "\n".join(wrong)
