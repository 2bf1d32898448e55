"""Continuous batching: who computes when, as a state machine and as single claims."""

from collections.abc import Mapping
from collections.abc import Sequence as SequenceOf

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lab_utils.engine import FakeEngine, Request, Scheduler, Slots
from lab_utils.engine.scheduler import PREFILL_BUDGET, Scheduled
from lab_utils.tokens import SamplingParams, Token

GREEDY = SamplingParams(temperature=0)
WORDS = [str(number) for number in range(1000)]


def request(prompt_tokens: int = 3, max_tokens: int = 4) -> Request:
    return Request([0] * prompt_tokens, max_tokens, GREEDY)


class Machine(RuleBasedStateMachine):
    """Any order of add, step and abort; what must hold after each."""

    size = 3

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = FakeEngine(WORDS).scheduler(self.size)
        self.live: dict[Scheduled, Request] = {}
        self.order: list[Scheduled] = []
        self.said: dict[Scheduled, list[str]] = {}
        self.gone: set[Scheduled] = set()

    @rule(prompt=st.integers(1, 600), answer=st.integers(1, 6))
    def add(self, prompt: int, answer: int) -> None:
        made = request(prompt, answer)
        sequence = self.scheduler.add(made)
        self.live[sequence] = made
        self.order.append(sequence)
        self.said[sequence] = []

    @precondition(lambda self: self.live)
    @rule(data=st.data())
    def abort(self, data: st.DataObject) -> None:
        sequence = data.draw(st.sampled_from(list(self.live)))
        self.scheduler.abort(sequence)
        del self.live[sequence]
        self.gone.add(sequence)

    @rule()
    def step(self) -> None:
        outputs = self.scheduler.step()
        assert len({sequence for sequence, _ in outputs}) == len(outputs)
        for sequence, token in outputs:
            assert isinstance(token, Token)
            assert sequence in self.live, "no token after an abort or an end"
            self.said[sequence].append(token.text)
            if token.finish_reason is not None:
                # Nobody's text depends on who else ran, joined or left.
                count = self.live.pop(sequence).max_tokens
                assert self.said[sequence] == WORDS[:count]
                self.gone.add(sequence)

    @invariant()
    def no_slot_is_lost_and_none_is_shared(self) -> None:
        slots = [sequence.slot for sequence in self.scheduler.running]
        assert len(set(slots)) == len(slots) <= self.size
        assert all(slot is not None and 0 <= slot < self.size for slot in slots)
        assert {*self.scheduler.running, *self.scheduler.waiting} == set(self.live)

    @invariant()
    def slots_are_given_in_order_of_arrival(self) -> None:
        order = [sequence for sequence in self.order if sequence in self.live]
        assert order == [*sorted(self.scheduler.running, key=self.order.index),
                         *self.scheduler.waiting]

    @invariant()
    def who_has_ended_stays_ended(self) -> None:
        assert all(sequence.ended and sequence.slot is None for sequence in self.gone)

    def teardown(self) -> None:
        for _ in range(5000):
            if not self.live:
                break
            self.step()
        assert not self.live, "every request ends"
        assert not self.scheduler.running


TestAnyOrder = Machine.TestCase
TestAnyOrder.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None
)


class Counting(Slots):
    """Slots that note what they were asked to do in each step."""

    def __init__(self) -> None:
        self.left: dict[int, int] = {}
        self.log: list[tuple[str, int]] = []

    def open(self, slot: int, request: Request) -> None:
        self.left[slot] = len(request.prompt_ids)

    def prefill(
        self, slots: SequenceOf[int], budget: int
    ) -> Mapping[int, Token | Exception]:
        rest = budget
        for slot in slots:
            read = min(rest, self.left[slot])
            self.left[slot] -= read
            rest -= read
        self.log.append(("prefill", budget - rest))
        return {slot: Token("x", 0, 0, True) for slot in slots if not self.left[slot]}

    def decode(self, slots: SequenceOf[int]) -> Mapping[int, Token | Exception]:
        self.log.append(("decode", len(slots)))
        return {slot: Token("x", 0, 0) for slot in slots}

    def close(self, slot: int) -> None:
        del self.left[slot]


def test_a_long_prompt_delays_the_others_by_one_budget_per_step() -> None:
    slots = Counting()
    scheduler = Scheduler(slots, 8)
    running = [scheduler.add(request(5, 10_000)) for _ in range(3)]
    scheduler.step()
    scheduler.add(request(10 * PREFILL_BUDGET, 10_000))
    for _ in range(10):
        slots.log.clear()
        outputs = scheduler.step()
        assert {sequence for sequence, _ in outputs} >= set(running)
        assert slots.log == [("decode", 3), ("prefill", PREFILL_BUDGET)]


def test_short_prompts_share_one_pass() -> None:
    slots = Counting()
    scheduler = Scheduler(slots, 8)
    sequences = [scheduler.add(request(10, 100)) for _ in range(8)]
    assert [sequence for sequence, _ in scheduler.step()] == sequences
    assert slots.log == [("prefill", 80)]


def test_the_oldest_prompt_is_through_first_when_all_exceed_the_budget() -> None:
    scheduler = Scheduler(Counting(), 2)
    first = scheduler.add(request(PREFILL_BUDGET, 100))
    second = scheduler.add(request(PREFILL_BUDGET, 100))
    assert [sequence for sequence, _ in scheduler.step()] == [first]
    assert {sequence for sequence, _ in scheduler.step()} == {first, second}


class Choking(Counting):
    """A pass over a prompt of 13 tokens fails."""

    def prefill(
        self, slots: SequenceOf[int], budget: int
    ) -> Mapping[int, Token | Exception]:
        if any(self.left[slot] == 13 for slot in slots):
            raise RuntimeError("13")
        return super().prefill(slots, budget)


def test_a_prompt_that_breaks_the_pass_ends_alone() -> None:
    scheduler = Scheduler(Choking(), 3)
    sequences = [scheduler.add(request(count, 100)) for count in (10, 13, 10)]
    made = dict(scheduler.step())
    assert [isinstance(made[each], Exception) for each in sequences] == [
        False, True, False]
    assert [each.ended for each in sequences] == [False, True, False]


def test_a_step_takes_the_same_for_one_and_for_eight() -> None:
    steps: list[int] = []
    engine = FakeEngine(WORDS, on_step=steps.append)
    scheduler = engine.scheduler(8)
    for _ in range(8):
        scheduler.add(request(1, 5))
    outputs = [scheduler.step() for _ in range(5)]
    assert [len(made) for made in outputs] == [8] * 5
    assert scheduler.step() == []


def test_who_ends_frees_the_slot_for_the_next_in_the_following_step() -> None:
    scheduler = FakeEngine(WORDS).scheduler(1)
    first, second = scheduler.add(request(1, 1)), scheduler.add(request(1, 1))
    assert [sequence for sequence, _ in scheduler.step()] == [first]
    assert [sequence for sequence, _ in scheduler.step()] == [second]


def test_a_held_sequence_keeps_its_slot_and_makes_no_token() -> None:
    scheduler = FakeEngine(WORDS).scheduler(2)
    held, other = scheduler.add(request(1, 9)), scheduler.add(request(1, 9))
    scheduler.step()
    held.window = 0
    assert [sequence for sequence, _ in scheduler.step()] == [other]
    held.window = 5
    assert {sequence for sequence, _ in scheduler.step()} == {held, other}


def test_an_error_of_one_sequence_ends_that_one_only() -> None:
    engine = FakeEngine(WORDS, fail_at=2)
    scheduler = engine.scheduler(2)
    early = scheduler.add(request(1, 9))
    scheduler.step()
    late = scheduler.add(request(1, 2))
    outcomes = [item for _ in range(3) for item in scheduler.step()]
    assert [type(item) for sequence, item in outcomes if sequence is early] == [
        Token, RuntimeError
    ]
    assert [type(item) for sequence, item in outcomes if sequence is late] == [
        Token, Token
    ]
    assert not scheduler.running


def test_an_error_of_the_whole_step_ends_all_that_were_in_it() -> None:
    class Broken(Counting):
        def decode(self, slots: SequenceOf[int]) -> Mapping[int, Token | Exception]:
            raise MemoryError("no room for this batch")

    scheduler = Scheduler(Broken(), 4)
    sequences = [scheduler.add(request()) for _ in range(3)]
    scheduler.step()
    outputs = scheduler.step()
    assert [sequence for sequence, _ in outputs] == sequences
    assert all(isinstance(item, MemoryError) for _, item in outputs)
    assert not scheduler.running
    scheduler.add(request())
    assert len(scheduler.step()) == 1, "the next request works"


def test_step_times_cover_the_pace() -> None:
    scheduler = Scheduler(FakeEngine(WORDS).slots(1, 64), 1, pace_ms=10)
    scheduler.add(request(1, 3))
    for _ in range(3):
        ((_, token),) = scheduler.step()
        assert isinstance(token, Token)
        assert token.step_ms >= 9.9


@pytest.mark.parametrize("count", [1, 5])
def test_one_step_at_a_time_is_what_generate_stream_does(count: int) -> None:
    steps: list[int] = []
    stream = FakeEngine(WORDS, on_step=steps.append).generate_stream("hi", 50)
    for _ in range(count):
        next(stream)
    assert steps == list(range(count))
