"""Slots over steps: what a rule of joining does, and what a real scheduler does."""

import pytest

from lab_utils.engine import FakeEngine
from lab_utils.lessons.n08_slots import ROOM, Ask, on_a_real_engine, play
from lab_utils.lessons.n08_so_far import admit


def as_a_bus(waiting: list[str], running: list[str], slots: int) -> None:
    if not running:
        admit(waiting, running, slots)


def test_everybody_gets_all_their_tokens_and_keeps_the_slot() -> None:
    for rule in (admit, as_a_bus):
        schedule = play(rule)
        for ask in ROOM:
            places = [step.index(ask.name) for step in schedule.steps
                      if ask.name in step]
            assert len(places) == ask.tokens
            assert len(set(places)) == 1
        assert schedule.made == sum(ask.tokens for ask in ROOM)
        assert schedule.made + schedule.empty == 4 * len(schedule.steps)


def test_nobody_runs_before_it_has_arrived() -> None:
    steps = play(admit).steps
    for ask in ROOM:
        assert all(ask.name not in step for step in steps[:ask.arrives])


def test_nothing_is_quicker_than_the_longest_answer() -> None:
    assert len(play(admit).steps) == max(ask.arrives + ask.tokens for ask in ROOM)
    assert len(play(as_a_bus).steps) > 1.5 * len(play(admit).steps)


def test_equal_answers_gain_nothing() -> None:
    equal = [Ask(name, 0, 5) for name in "ABCDEFGH"]
    assert play(admit, equal).steps == play(as_a_bus, equal).steps


def test_a_late_reader_waits_for_all_before_it() -> None:
    equal = [Ask(name, 0, 5) for name in "ABCDEFGH"]
    alone, together = play(admit, equal, slots=1), play(admit, equal, slots=8)
    assert next(at for at, step in enumerate(alone.steps) if "H" in step) == 7 * 5
    assert "H" in together.steps[0]


def test_a_gap_without_anybody_is_a_step_too() -> None:
    late = [Ask("A", 0, 1), Ask("B", 3, 1)]
    assert play(admit, late, slots=1).steps == [["A"], [None], [None], ["B"]]


def test_a_rule_that_admits_too_many_or_nobody_is_an_error() -> None:
    def everybody(waiting: list[str], running: list[str], slots: int) -> None:
        running += waiting
        waiting.clear()

    with pytest.raises(RuntimeError, match="6 run in 4 slots"):
        play(everybody)
    with pytest.raises(RuntimeError, match="0 run in 4 slots"):
        play(lambda waiting, running, slots: None)


def test_a_real_scheduler_does_the_same_and_is_timed() -> None:
    schedule = on_a_real_engine(FakeEngine(["x "] * 50))
    assert schedule.steps == play(admit).steps
    assert len(schedule.ms) == len(schedule.steps)
    assert all(ms > 0 for ms in schedule.ms)
