"""Who computes next: requests join and leave a running batch between steps.

This is continuous batching, at the level of iterations as in Orca (Yu et al., OSDI
2022): a sequence that ends frees its slot at once, and the oldest that waits takes it,
while the others never stop. A step gives part of its time to prompts (at most
`PREFILL_BUDGET` tokens, so that a long prompt delays everybody's next token only by so
much; Sarathi, Agrawal et al. 2023, calls the pieces chunked prefills) and decodes one
token of every sequence that has begun to answer.
"""

import heapq
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter

from lab_utils.engine.slots import Request, Slots
from lab_utils.engine.tokens import Token

PREFILL_BUDGET = 256


@dataclass(eq=False, slots=True)
class Sequence:
    """One request on its way through the scheduler.

    slot: where it runs, None while it waits and after its end. answering: whether its
    prompt is through. held: set by the driver to make no tokens for now.
    """

    request: Request
    slot: int | None = None
    answering: bool = False
    held: bool = False
    ended: bool = False
    last_token_at: float = field(default_factory=perf_counter)


Output = tuple[Sequence, Token | Exception]


class Scheduler:
    """Runs requests in `size` slots, in order of arrival; driven by one thread.

    pace_ms: each step lasts at least this long.
    """

    def __init__(self, slots: Slots, size: int, pace_ms: float = 0) -> None:
        self._slots = slots
        self._free = list(range(size))  # a heap: the lowest slot first
        self._pace_s = pace_ms / 1e3
        self.waiting: deque[Sequence] = deque()
        self.running: list[Sequence] = []

    @property
    def idle(self) -> bool:
        """Whether a step would compute nothing: all who have a slot are held."""
        if self.waiting and self._free:
            return False
        return all(sequence.held for sequence in self.running)

    def add(self, request: Request) -> Sequence:
        """Queue `request`; it starts in one of the next steps."""
        sequence = Sequence(request)
        self.waiting.append(sequence)
        return sequence

    def abort(self, sequence: Sequence) -> None:
        """Forget `sequence`, whatever state it is in; no token of it comes any more."""
        if sequence in self.waiting:
            self.waiting.remove(sequence)
        self._end(sequence)

    def admit(self) -> None:
        """Give the free slots to those who wait longest; `step` does it too."""
        while self.waiting and self._free:
            sequence = self.waiting.popleft()
            sequence.slot = heapq.heappop(self._free)
            sequence.last_token_at = perf_counter()
            self.running.append(sequence)
            self._slots.open(sequence.slot, sequence.request)

    def step(self) -> list[Output]:
        """Let every sequence that can make a token make one.

        Returns a token or the error that ended it for each that advanced, at most one
        per sequence; a token with a `finish_reason` has ended its sequence too.
        """
        started = perf_counter()
        self.admit()
        deciding = [seq for seq in self.running if seq.answering and not seq.held]
        outputs = [*self._decode(deciding), *self._prefill()]
        if rest := max(0.0, self._pace_s - (perf_counter() - started)):
            time.sleep(rest)
        return [self._stamp(sequence, item) for sequence, item in outputs]

    def _prefill(self) -> Iterator[Output]:
        """Read prompts in order of arrival until the step's budget is spent."""
        budget = PREFILL_BUDGET
        for sequence in [seq for seq in self.running if not seq.answering]:
            assert sequence.slot is not None
            try:
                read, token = self._slots.prefill(sequence.slot, budget)
            except Exception as error:
                yield sequence, error
                continue
            if token is not None:
                sequence.answering = True
                yield sequence, token
            if (budget := budget - read) <= 0:
                return

    def _decode(self, sequences: list[Sequence]) -> list[Output]:
        by_slot = {seq.slot: seq for seq in sequences if seq.slot is not None}
        if not by_slot:
            return []
        try:
            made = self._slots.decode(list(by_slot))
        except Exception as error:
            return [(sequence, error) for sequence in sequences]
        return [(by_slot[slot], item) for slot, item in made.items()]

    def _stamp(self, sequence: Sequence, item: Token | Exception) -> Output:
        """Add the time since the sequence's last token; end it if this is its last."""
        if isinstance(item, Exception):
            self._end(sequence)
            return sequence, item
        now = perf_counter()
        step_ms, sequence.last_token_at = 1e3 * (now - sequence.last_token_at), now
        if item.finish_reason is not None:
            self._end(sequence)
        return sequence, replace(item, step_ms=step_ms)

    def _end(self, sequence: Sequence) -> None:
        if sequence.slot is not None:
            self.running.remove(sequence)
            self._slots.close(sequence.slot)
            heapq.heappush(self._free, sequence.slot)
        sequence.slot, sequence.ended = None, True
