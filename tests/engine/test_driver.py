"""Requests known by their owner's key: who came, left and read, between two steps."""

import pytest

from lab_utils.engine import Driver, FakeEngine, Request
from lab_utils.tokens import SamplingParams, Token

WORDS = ["a", " b", " c", " d", " e"]
GREEDY = SamplingParams(temperature=0)


def request(max_tokens: int = 5) -> Request:
    return Request([0], max_tokens, GREEDY)


@pytest.fixture
def driver() -> Driver[str]:
    """Two slots over an engine that says five words."""
    return Driver(FakeEngine(WORDS).scheduler(2))


def step(driver: Driver[str]) -> dict[str, str]:
    """What each key's request said in a step, where none fails."""
    made = {}
    for key, item in driver.step():
        assert isinstance(item, Token)
        assert key not in made
        made[key] = item.text
    return made


def test_each_request_is_answered_under_its_key(driver: Driver[str]) -> None:
    driver.add("one", request(), 9)
    assert step(driver) == {"one": "a"}
    driver.add("two", request(), 9)
    assert step(driver) == {"one": " b", "two": "a"}
    assert driver.keys == ["one", "two"] and len(driver) == 2


def test_who_is_admitted_is_said_once_and_in_order_of_arrival(
    driver: Driver[str],
) -> None:
    for key in ("one", "two", "three"):
        driver.add(key, request(), 9)
    assert driver.admit() == ["one", "two"]
    assert driver.admit() == []
    assert len(driver) == 3, "who waits is counted, too"


def test_a_used_up_window_keeps_the_slot_and_makes_nothing(
    driver: Driver[str],
) -> None:
    driver.add("held", request(), 2)
    driver.add("other", request(), 9)
    driver.add("waits", request(), 9)
    step(driver)
    assert step(driver) == {"held": " b", "other": " b"}
    assert step(driver) == {"other": " c"}
    assert driver.admit() == [], "the slot is not free"
    assert driver.keys == ["held", "other", "waits"]


def test_a_reader_who_reads_gets_as_many_more(driver: Driver[str]) -> None:
    driver.add("one", request(), 1)
    assert [step(driver) for _ in range(2)] == [{"one": "a"}, {}]
    driver.widen("one", 2)
    assert [step(driver) for _ in range(3)] == [{"one": " b"}, {"one": " c"}, {}]


def test_it_is_idle_when_nobody_could_make_a_token(driver: Driver[str]) -> None:
    assert driver.idle and not driver
    driver.add("one", request(), 1)
    assert not driver.idle
    step(driver)
    assert driver.idle and driver
    driver.widen("one", 1)
    assert not driver.idle


def test_who_has_ended_is_forgotten(driver: Driver[str]) -> None:
    driver.add("short", request(1), 9)
    driver.add("long", request(), 9)
    assert step(driver) == {"short": "a", "long": "a"}
    assert driver.keys == ["long"]
    assert not driver.abort("short")
    driver.widen("short", 5)
    driver.add("short", request(1), 9)
    assert step(driver) == {"short": "a", "long": " b"}, "a key may come again"


def test_an_error_ends_and_forgets_the_request_that_it_belongs_to() -> None:
    driver = Driver[str](FakeEngine(WORDS, fail_at=1).scheduler(2))
    driver.add("early", request(), 9)
    driver.step()
    driver.add("late", request(), 9)
    outcomes = dict(driver.step())
    assert isinstance(outcomes["early"], RuntimeError)
    assert isinstance(outcomes["late"], Token)
    assert driver.keys == ["late"]


def test_an_abort_frees_the_slot_for_who_waits(driver: Driver[str]) -> None:
    for key in ("one", "two", "three"):
        driver.add(key, request(), 9)
    step(driver)
    assert driver.abort("one")
    assert driver.keys == ["two", "three"]
    assert driver.admit() == ["three"]
    assert step(driver) == {"two": " b", "three": "a"}


def test_who_waits_can_be_aborted_and_never_starts(driver: Driver[str]) -> None:
    for key in ("one", "two", "three", "four"):
        driver.add(key, request(2), 9)
    step(driver)
    assert driver.abort("three")
    step(driver)
    assert step(driver) == {"four": "a"}


def test_an_abort_of_who_is_unknown_is_false_and_harms_nobody(
    driver: Driver[str],
) -> None:
    driver.add("one", request(), 9)
    assert not driver.abort("nobody")
    assert driver.abort("one")
    assert not driver.abort("one")
    assert step(driver) == {} and driver.keys == []


def test_the_keys_are_a_copy(driver: Driver[str]) -> None:
    driver.add("one", request(), 9)
    for key in driver.keys:
        assert driver.abort(key)
    assert not driver
