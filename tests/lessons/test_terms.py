"""No word and no name is used before the core of the series has introduced it."""

import re
from collections.abc import Iterator

import pytest

from tests.lessons import statements
from tests.lessons.glossary import PAGE, Term, terms
from tests.lessons.lesson import CORE, NUMBERS, Cell, Lesson, Section, prose

ALLOWED = {
    ("00", "thread"): "0.3 explains it in passing; 0.4 and the questions need no more",
}
"""Uses of a term before its definition that help a learner, and why."""

MAP = "| notebook |"


def test_the_glossary_is_sorted_and_names_each_term_once() -> None:
    names = [term.name.lower().strip("`") for term in terms()]
    assert names == sorted(set(names))


def test_the_glossary_says_what_it_is() -> None:
    title, sentence, *_ = PAGE.read_text(encoding="utf-8").split("\n\n")
    assert title == "# Glossary"
    assert sentence.startswith("Every term of the series")


@pytest.mark.parametrize("term", terms(), ids=lambda term: term.name)
def test_in_bold_where_it_is_defined(term: Term) -> None:
    lesson = Lesson(term.lesson)
    assert term.file == lesson.path.name
    section = lesson.section(term.section)
    assert term.definition(section.source), f"not in bold in {section.name}"


@pytest.mark.parametrize("number", NUMBERS)
def test_no_term_before_its_definition(number: str) -> None:
    lessons = [Lesson(each) for each in NUMBERS]
    used = [
        f"{name} in {where}"
        for lesson, name, where in used_too_early(lessons, terms())
        if lesson == number and (number, name) not in ALLOWED
    ]
    assert not used, "\n".join(used)


def test_allowed_are_only_uses_that_are_there() -> None:
    lessons = [Lesson(each) for each in NUMBERS]
    early = {(lesson, name) for lesson, name, _ in used_too_early(lessons, terms())}
    names = {term.name for term in terms()}
    assert {each for each in ALLOWED if each[1] in names} <= early


@pytest.mark.parametrize("number", NUMBERS)
def test_no_name_in_code_before_it_is_introduced(number: str) -> None:
    lessons = [Lesson(each) for each in NUMBERS if each <= number]
    unknown = [
        f"{name} in {where}"
        for lesson, name, where in unknown_names(lessons)
        if lesson == number
    ]
    assert not unknown, "\n".join(unknown)


def used_too_early(
    lessons: list[Lesson], terms: tuple[Term, ...]
) -> Iterator[tuple[str, str, str]]:
    """Lesson, term and place of each use in a core that no core before defines."""
    unknown = {term: term.pattern() for term in terms if not term.is_code}
    for lesson in lessons:
        for section in lesson.of_kind(CORE):
            for term, pattern in list(unknown.items()):
                here = (term.lesson, term.section) == (lesson.number, section.number)
                text = before_definition(term, section) if here else reading(section)
                if found := pattern.search(text):
                    words = " ".join(text[max(found.start() - 30, 0):][:80].split())
                    yield lesson.number, term.name, f"{section.name}: … {words} …"
                if here:
                    del unknown[term]


def reading(section: Section) -> str:
    """Its text; the map of the series names what is to come."""
    paragraphs = (part for cell in section.cells for part in cell.paragraphs)
    return "\n\n".join(prose(part) for part in paragraphs if not part.startswith(MAP))


def before_definition(term: Term, section: Section) -> str:
    """The text of `section` up to where it defines `term`."""
    text = reading(section)
    definition = term.definition(text)
    return text[: definition.start()] if definition else ""


def unknown_names(lessons: list[Lesson]) -> Iterator[tuple[str, str, str]]:
    """Lesson, name and place of each in a core cell that nothing has brought up so far.

    What a lesson imports in sight, the later ones may take as known. Nobody reads a
    folded cell: of what is imported only there, the text must speak.
    """
    imported: set[str] = set()
    for lesson in lessons:
        known = statements.KERNELS | imported
        for section in lesson.of_kind(CORE):
            for cell in section.cells:
                known |= mentioned(cell)
                if cell.is_run:
                    here = cell.statements
                    known.update(*(each.binds for each in here))
                    imported.update(*(each.binds for each in here if each.imports))
                    for name in sorted(set().union(*(each.uses for each in here))):
                        if name not in known:
                            yield lesson.number, name, f"{section.name}, {cell}"


def mentioned(cell: Cell) -> set[str]:
    """The names in the code inside of its sentences."""
    code = re.findall(r"`([^`]+)`", "\n".join(cell.paragraphs))
    return set(re.findall(r"[^\W\d]\w*", " ".join(code)))
