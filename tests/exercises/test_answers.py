"""Each check passes right answers, whatever their style, and explains wrong ones."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from lab_utils import registry
from lab_utils.exercises.attempt import attempt
from lab_utils.exercises.catalog import EXERCISES
from lab_utils.server.serving import ServerError
from tests.exercises import right
from tests.exercises.solved import solutions
from tests.exercises.wrong import WRONG, kept

CASES = [(number, function, words) for number, wrongs in WRONG.items()
         for function, words in wrongs]
LIMIT_S = 3.0
ENDLESS = ("did not come back",)

pytestmark = [
    # uvicorn says with SystemExit that start-up failed: a thread may die of it.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def _leaves_no_server() -> Iterator[None]:
    yield
    with suppress(ServerError):  # one that the attempt has ended itself
        registry.stop_all()
    while kept:
        kept.pop().close()


@pytest.mark.parametrize("number", EXERCISES)
def test_the_solved_notebooks_answer_is_right(number: str) -> None:
    verdict = attempt(EXERCISES[number], solutions()[number])
    assert verdict.right, verdict


@pytest.mark.parametrize("number", EXERCISES)
def test_an_answer_in_another_style_is_right(number: str) -> None:
    exercise = EXERCISES[number]
    verdict = attempt(exercise, getattr(right, exercise.function))
    assert verdict.right, verdict


@pytest.mark.parametrize(("number", "function", "words"), CASES,
                         ids=[f"{number}-{getattr(function, '__name__', '')}"
                              for number, function, _ in CASES])
def test_a_typical_wrong_answer_is_explained(
    number: str, function: Any, words: str
) -> None:
    exercise = EXERCISES[number]
    limit_s = LIMIT_S if words in ENDLESS else 10.0
    verdict = attempt(exercise, function, limit_s)
    assert not verdict.right
    assert words in verdict.message
    assert len(verdict.message.split()) <= 60
    assert "Traceback" not in verdict.message


def test_each_exercise_turns_three_wrong_answers_away() -> None:
    few = [number for number in EXERCISES if len(WRONG.get(number, [])) < 3]
    assert not few


def test_at_least_28_with_12_of_a_short_course_and_a_broken_one_each() -> None:
    assert len(EXERCISES) >= 28
    assert sum(exercise.core for exercise in EXERCISES.values()) == 12
    breaking = [number[0] for number, exercise in EXERCISES.items()
                if exercise.title.startswith("Break it")]
    assert breaking == list("12345678")
