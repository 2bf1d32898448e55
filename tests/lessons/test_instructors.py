"""The page for instructors names sections, turns and commands that there are."""

import json
import re

import pytest

from tests.lessons.lesson import LESSONS, NOTEBOOKS, Lesson

ROOT = NOTEBOOKS.parent
TEXT = (NOTEBOOKS / "INSTRUCTORS.md").read_text(encoding="utf-8")
SECTION = re.compile(r"(?<![\d.])(\d)\.(\d)(?![\d.]| times)")


def test_each_section_that_it_names_is_there() -> None:
    numbers = {section.number for number in ["00", *LESSONS]
               for section in Lesson(number).sections}
    named = {found[0] for found in SECTION.finditer(TEXT)}
    assert len(named) > 20
    assert named <= numbers


@pytest.mark.parametrize("number", LESSONS)
def test_it_says_where_the_learner_writes(number: str) -> None:
    row = next(line for line in TEXT.splitlines()
               if line.startswith(f"| {number} | "))
    named = set(SECTION.findall(row))
    turns = {
        tuple(str(section.number).split("."))
        for section in Lesson(number).sections
        if any(cell.is_turn for cell in section.cells)
    }
    assert named == turns


def test_a_codespace_runs_a_target_of_the_makefile() -> None:
    text = (ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8")
    target = json.loads(text)["postCreateCommand"].removeprefix("make ")
    assert f"\n{target}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
