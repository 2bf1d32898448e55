"""The one interface that the app knows: submit a prompt, iterate over its tokens.

Admission is here, too: every request is counted in and out, so that no queue grows
without bound. What is left to a runner is where the engine's steps are taken.
"""

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import count
from time import perf_counter
from typing import Literal, Self

from lab_utils.prompts import Prompt
from lab_utils.runners.errors import EngineDead, Overloaded
from lab_utils.runners.job import Job, Limits
from lab_utils.tokens import SamplingParams, Token

STOP_S = 0.5
"""Steps take milliseconds; whoever stops a server does not wait for a longer one."""

STALL_FACTOR = 20
DEFAULT_LIMITS = Limits()

State = Literal["ok", "dead", "stalled"]


@dataclass(frozen=True, slots=True)
class Status:
    """What `/health` shows; `running` requests hold a slot, `waiting` ones not yet."""

    status: State
    model: str
    runner: str
    running: int
    waiting: int
    max_batch: int


class Runner(ABC):
    """Runs an engine somewhere else than on the event loop.

    kind: its name on the command line and in `/health`. model: the model's name.
    max_batch: how many requests run at the same time. max_queue: how many more may
    wait. context: how many tokens a prompt and its answer may have together. pace_ms:
    how long each step is made to last at least.
    """

    kind: str
    context: int
    pace_ms = 0.0

    def __init__(self, model: str, max_batch: int, max_queue: int) -> None:
        if max_batch < 1 or max_queue < 0:
            raise ValueError(
                "expected max_batch >= 1 and max_queue >= 0; "
                f"got {max_batch} and {max_queue}."
            )
        self.model = model
        self.max_batch = max_batch
        self.max_queue = max_queue
        self._changed = threading.Condition()  # guards the jobs and what is derived
        self._jobs: dict[int, Job] = {}
        self._ids = count(1)
        self._step_started: float | None = None
        self._slowest_step = 0.0

    @abstractmethod
    def start(self) -> Self:
        """Start the engine if it does not run; raises what kept it from starting."""

    @abstractmethod
    def stop(self, timeout: float = STOP_S) -> None:
        """End every request with an error at once, then wait for the engine to end, at
        most `timeout` s."""

    async def submit(
        self, prompt: Prompt, params: SamplingParams, limits: Limits, client: str = ""
    ) -> Job:
        """Count the request in, check it, and return at once with its tokens to come.

        client: whose it is. The second request of a client waits behind the first ones
        of all others, the third behind their second ones, and so on. Raises
        `Overloaded` before anything was computed, `EngineDead`, and `InvalidRequest` if
        the prompt cannot be served.
        """
        job = Job(next(self._ids), limits, self._left, client)
        try:
            with self._changed:
                self._refuse_if_dead()
                job.turn = self._turn(client)
                self._make_room(job)
                self._jobs[job.id] = job
            await self._check(job, prompt, params)
            with self._changed:
                self._refuse_if_dead()
                self._enqueue(job)
        except BaseException:
            job.cancel()
            raise
        return job

    def status(self, stall_s: float = DEFAULT_LIMITS.stall_s) -> Status:
        """How the engine is; never waits and never enqueues work."""
        with self._changed:
            running = self._running()
            waiting = len(self._jobs) - running
            alive = self._alive()
        stalled = self._step_lasts() > max(stall_s, STALL_FACTOR * self._slowest_step)
        state: State = "dead" if not alive else "stalled" if stalled else "ok"
        return Status(state, self.model, self.kind, running, waiting, self.max_batch)

    @property
    def ready(self) -> bool:
        """Whether a new request would be admitted now."""
        with self._changed:
            return len(self._jobs) < self.max_batch + self.max_queue and self._alive()

    def _refuse_if_dead(self) -> None:
        if not self._alive():
            raise EngineDead("the engine does not run; restart the server")

    def _turn(self, client: str) -> int:
        """How many requests of `client` are unfinished; no fewer than when its latest
        that waits came, which must not be overtaken by its next."""
        own = [job for job in self._jobs.values() if job.client == client]
        return max([len(own), *(job.turn for job in own if not job.started)])

    def _make_room(self, job: Job) -> None:
        """Find a place for `job`. In a full queue, who waits for a later turn than its
        loses theirs, so that one client cannot lock the others out."""
        if len(self._jobs) < self.max_batch + self.max_queue:
            return
        waiting = [other for other in self._jobs.values() if not other.started]
        last = max(waiting, key=lambda other: (other.turn, other.id), default=job)
        full = (f"{self.max_batch} requests run and {self.max_queue} wait already; try "
                "again in a moment")
        if last.turn <= job.turn:
            raise Overloaded(full)
        last.cancelled = True
        self._left(last)
        last.push(Overloaded(full))

    def _running(self) -> int:
        return sum(job.started for job in self._jobs.values())

    def _left(self, job: Job) -> None:
        """`job` has no reader any more: forget it if it holds no slot yet."""
        with self._changed:
            if not job.started:
                self._jobs.pop(job.id, None)

    def _begin_step(self) -> None:
        self._step_started = perf_counter()

    def _end_step(self) -> None:
        self._slowest_step = max(self._slowest_step, self._step_lasts())
        self._step_started = None

    def _step_lasts(self) -> float:
        started = self._step_started
        return 0.0 if started is None else perf_counter() - started

    def _hand_over(self, job: Job, item: Token | Exception) -> None:
        """Give `item` to the job's reader; its last one also ends it."""
        if isinstance(item, Exception) or item.finish_reason is not None:
            self._forget(job, item)
        else:
            job.push(item)

    def _forget(self, job: Job, last: Token | Exception | None) -> None:
        """Count `job` out, then hand over its last item if there is one: in this order,
        so that whoever reads it may count on the free slot."""
        with self._changed:
            self._jobs.pop(job.id, None)
        if last is not None:
            job.push(last)

    def _fail_all(self, error: Exception) -> None:
        with self._changed:
            jobs = list(self._jobs.values())
            self._jobs.clear()
        for job in jobs:
            job.cancelled = True
            job.push(error)

    @abstractmethod
    async def _check(self, job: Job, prompt: Prompt, params: SamplingParams) -> None:
        """Turn the prompt into tokens and set the job's `prompt_tokens`, without
        blocking the loop; raises `InvalidRequest`."""

    @abstractmethod
    def _enqueue(self, job: Job) -> None:
        """Take over the checked `job`; the lock is held."""

    @abstractmethod
    def _alive(self) -> bool:
        """Whether the engine can take requests."""
