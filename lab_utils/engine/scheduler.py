"""Who computes next: requests join and leave a running batch between steps.

This is continuous batching, at the level of iterations as in Orca (Yu et al., OSDI
2022): a sequence that ends frees its slot at once, and the oldest that waits takes it,
while the others never stop. A step gives part of its time to prompts (at most
`PREFILL_BUDGET` tokens, so that a long prompt delays everybody's next token only by so
much; Sarathi, Agrawal et al. 2023, calls the pieces chunked prefills), read together,
and decodes one token of every sequence that has begun to answer.
"""

import heapq
import math
import time
from collections import deque
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

from lab_utils.engine.slots import Request, Slots
from lab_utils.tokens import Token

PREFILL_BUDGET = 256


@dataclass(eq=False, slots=True)
class Scheduled:
    """One request on its way through the scheduler.

    turn: who has the lowest begins first. slot: where it runs, None while it waits and
    after its end. answering: whether its prompt is through. key, window: whose it is,
    and how many more tokens it may make for now; set by the driver.
    """

    request: Request
    turn: int = 0
    slot: int | None = None
    answering: bool = False
    ended: bool = False
    key: Any = None
    window: float = math.inf
    last_token_at: float = field(default_factory=perf_counter)

    @property
    def held(self) -> bool:
        """Whether it is to make no tokens for now."""
        return self.window <= 0


Output = tuple[Scheduled, Token | Exception]


class Scheduler:
    """Runs requests in `size` slots, by their turns and then in order of arrival;
    driven by one thread.

    pace_ms: each step lasts at least this long.
    """

    def __init__(self, slots: Slots, size: int, pace_ms: float = 0) -> None:
        self._slots = slots
        self._free = list(range(size))  # a heap: the lowest slot first
        self._pace_s = pace_ms / 1e3
        self.waiting: deque[Scheduled] = deque()
        self.running: list[Scheduled] = []

    @property
    def idle(self) -> bool:
        """Whether a step would compute nothing: all who have a slot are held."""
        if self.waiting and self._free:
            return False
        return all(scheduled.held for scheduled in self.running)

    def add(self, request: Request, turn: int = 0) -> Scheduled:
        """Queue `request` behind those of its `turn`; it starts in one of the next
        steps."""
        scheduled = Scheduled(request, turn)
        before = sum(other.turn <= turn for other in self.waiting)
        self.waiting.insert(before, scheduled)
        return scheduled

    def abort(self, scheduled: Scheduled) -> None:
        """Forget it, whatever state it is in; no token of it comes any more."""
        if scheduled in self.waiting:
            self.waiting.remove(scheduled)
        self._end(scheduled)

    def admit(self) -> list[Scheduled]:
        """Give the free slots to those who are first in the queue, and return those;
        `step` does it too."""
        admitted = []
        while self.waiting and self._free:
            scheduled = self.waiting.popleft()
            scheduled.slot = heapq.heappop(self._free)
            scheduled.last_token_at = perf_counter()
            self.running.append(scheduled)
            self._slots.open(scheduled.slot, scheduled.request)
            admitted.append(scheduled)
        return admitted

    def step(self) -> list[Output]:
        """Let every request that can make a token make one.

        Returns a token or the error that ended it for each that advanced, at most one
        per request; a token with a `finish_reason` has ended its request too.
        """
        started = perf_counter()
        self.admit()
        deciding = [each for each in self.running if each.answering and not each.held]
        reading = [each for each in self.running if not each.answering]
        outputs = [*self._decode(deciding), *self._prefill(reading)]
        if rest := max(0.0, self._pace_s - (perf_counter() - started)):
            time.sleep(rest)
        return [self._stamp(scheduled, item) for scheduled, item in outputs]

    def _decode(self, deciding: list[Scheduled]) -> list[Output]:
        by_slot = _by_slot(deciding)
        if not by_slot:
            return []
        try:
            made = self._slots.decode(list(by_slot))
        except Exception as error:
            return [(scheduled, error) for scheduled in deciding]
        return [(by_slot[slot], item) for slot, item in made.items()]

    def _prefill(self, reading: list[Scheduled]) -> list[Output]:
        """Read prompts together, in order of arrival, up to the step's budget. If that
        fails, each is read alone: what is wrong with one must not end the others."""
        by_slot = _by_slot(reading)
        if not by_slot:
            return []
        try:
            made = self._slots.prefill(list(by_slot), PREFILL_BUDGET)
        except Exception as error:
            if len(reading) == 1:
                return [(reading[0], error)]
            return [each for one in reading for each in self._prefill([one])]
        for slot in made:
            by_slot[slot].answering = True
        return [(by_slot[slot], item) for slot, item in made.items()]

    def _stamp(self, scheduled: Scheduled, item: Token | Exception) -> Output:
        """Add the time since its last token; end it if this is its last."""
        if isinstance(item, Exception):
            self._end(scheduled)
            return scheduled, item
        now = perf_counter()
        step_ms, scheduled.last_token_at = 1e3 * (now - scheduled.last_token_at), now
        if item.finish_reason is not None:
            self._end(scheduled)
        return scheduled, replace(item, step_ms=step_ms)

    def _end(self, scheduled: Scheduled) -> None:
        if scheduled.slot is not None:
            self.running.remove(scheduled)
            self._slots.close(scheduled.slot)
            heapq.heappush(self._free, scheduled.slot)
        scheduled.slot, scheduled.ended = None, True


def _by_slot(each_of: list[Scheduled]) -> dict[int, Scheduled]:
    return {each.slot: each for each in each_of if each.slot is not None}
