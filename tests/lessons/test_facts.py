"""Each factual sentence of a lesson is listed with what backs it, and that is there."""

import pytest

from tests.lessons import facts
from tests.lessons.lesson import NUMBERS, Lesson


@pytest.mark.parametrize("number", NUMBERS)
def test_every_claim_is_listed_and_every_entry_is_backed(number: str) -> None:
    listed = facts.entries(number)
    assert listed is not None, f"tests/lessons/facts_{number}.py is missing"
    lesson = Lesson(number)
    wrong = [*facts.unlisted(lesson, listed), *facts.wrong_entries(lesson, listed)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("number", NUMBERS)
def test_more_is_backed_than_exempt(number: str) -> None:
    assert not facts.too_many_exempt(facts.entries(number) or [])
