"""A request on both sides: read on the event loop, filled from the engine's side.

What all runners share is here: the stream that a reader iterates over, and admission,
which counts requests in and out so that no queue grows without bound.
"""

import asyncio
import contextlib
import threading
from abc import abstractmethod
from collections.abc import Callable
from time import perf_counter

from lab_utils.engine import Engine, Request, SamplingParams, Token
from lab_utils.runners.base import (
    DEFAULT_LIMITS,
    EngineDead,
    Limits,
    Overloaded,
    Runner,
    State,
    Status,
    TimedOut,
    TokenStream,
)

STALL_FACTOR = 20


class Job(TokenStream):
    """One admitted request; created on the event loop that will read it.

    request: the checked prompt, where the engine runs in this process. started: whether
    it holds a slot; both are set by the runner. loop: where it is read. cancelled:
    nobody reads it any more; looked at before each step.
    """

    request: Request

    def __init__(self, runner: "AdmittingRunner", limits: Limits) -> None:
        self.admitted = perf_counter()
        self.limits = limits
        self.started = False
        self.cancelled = False
        self._runner = runner
        self.loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[Token | Exception] = asyncio.Queue()
        self._done = False
        # Two counters, each changed by one thread only; the queue's own size lags
        # behind while the loop is busy.
        self._made = 0
        self._read = 0
        self._told = 0
        self._full_since: float | None = None
        self._timer = self.loop.call_later(limits.queue_s, self._expire)

    async def __anext__(self) -> Token:
        if self._done:
            raise StopAsyncIteration
        item = await self._items.get()
        self._read += 1
        if isinstance(item, Exception):
            self._done = True
            raise item
        self._done = item.finish_reason is not None
        return item

    def cancel(self) -> None:
        """Give back its place at once while it waits, its slot before the next step."""
        self._timer.cancel()
        self.cancelled = True
        self._runner.left(self)

    def _expire(self) -> None:
        if not self.started:
            self.cancel()
            self.push(Overloaded(f"no slot was free within {self.limits.queue_s:g} s"))

    # From here on: called from the engine's side.

    def push(self, item: Token | Exception) -> None:
        """Hand `item` to the reader; a plain `put_nowait` would not wake its loop."""
        self._made += 1
        self.call(self._items.put_nowait, item)

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Have the reader's loop call `function` soon."""
        # A loop that was closed meanwhile has no reader left.
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(function, *args)

    def must_wait(self) -> bool:
        """Whether so many tokens lie unread that no more should be made for now."""
        full = self._made - self._read >= self.limits.unread_tokens
        self._full_since = (self._full_since or perf_counter()) if full else None
        return full

    def newly_read(self) -> int:
        """How many tokens were read since this said so last; it speaks of no fewer than
        half of what may lie unread, to keep such messages rare."""
        count = self._read - self._told
        if 2 * count < self.limits.unread_tokens:
            return 0
        self._told += count
        return count

    def overdue(self) -> TimedOut | None:
        """The error that ends this request now, if it broke one of its limits."""
        now, limits = perf_counter(), self.limits
        if now - self.admitted > limits.request_s:
            return TimedOut(f"the request took over {limits.request_s:g} s")
        if self._full_since is not None and now - self._full_since > limits.reader_s:
            return TimedOut(f"nothing was read for {limits.reader_s:g} s")
        return None


async def prepare_in_thread(
    engine: Engine, prompt: str, params: SamplingParams
) -> Request:
    """`engine.prepare` in a worker thread: a prompt of a megabyte takes a second to
    become tokens."""
    return await asyncio.to_thread(engine.prepare, prompt, params)


class AdmittingRunner(Runner):
    """Counts requests in and out; what is left to a subclass is to run them."""

    def __init__(self, model: str, max_batch: int, max_queue: int) -> None:
        if max_batch < 1 or max_queue < 0:
            raise ValueError(
                "expected max_batch >= 1 and max_queue >= 0; "
                f"got {max_batch} and {max_queue}."
            )
        self.model = model
        self.max_batch = max_batch
        self.max_queue = max_queue
        self.pace_ms = 0.0
        self._changed = threading.Condition()  # guards the jobs and what is derived
        self._jobs: set[Job] = set()
        self._step_started: float | None = None
        self._slowest_step = 0.0

    async def submit(
        self, prompt: str, params: SamplingParams, limits: Limits
    ) -> TokenStream:
        """Count the request in, check it, and queue it for the engine."""
        job = Job(self, limits)
        try:
            with self._changed:
                self._refuse_if_dead()
                if len(self._jobs) >= self.max_batch + self.max_queue:
                    raise Overloaded(
                        f"{self.max_batch} requests run and {self.max_queue} wait "
                        "already; try again in a moment"
                    )
                self._jobs.add(job)
            await self._prepare(job, prompt, params)
            with self._changed:
                self._refuse_if_dead()
                self._enqueue(job)
        except BaseException:
            job.cancel()
            raise
        return job

    def left(self, job: Job) -> None:
        """`job` has no reader any more: forget it if it holds no slot yet."""
        with self._changed:
            if not job.started:
                self._jobs.discard(job)

    def status(self, stall_s: float = DEFAULT_LIMITS.stall_s) -> Status:
        """How the engine is now."""
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
            room = len(self._jobs) < self.max_batch + self.max_queue
            return room and self._alive()

    def _running(self) -> int:
        return sum(job.started for job in self._jobs)

    def _refuse_if_dead(self) -> None:
        if not self._alive():
            raise EngineDead("the engine does not run; restart the server")

    def _begin_step(self) -> None:
        self._step_started = perf_counter()

    def _end_step(self) -> None:
        self._slowest_step = max(self._slowest_step, self._step_lasts())
        self._step_started = None

    def _step_lasts(self) -> float:
        started = self._step_started
        return 0.0 if started is None else perf_counter() - started

    def _forget(self, job: Job, last: Token | Exception | None) -> None:
        """Count `job` out, then hand over its last item if there is one: in this order,
        so that whoever reads it may count on the free slot."""
        with self._changed:
            self._jobs.discard(job)
        if last is not None:
            job.push(last)

    def _fail_all(self, error: Exception) -> None:
        with self._changed:
            jobs = list(self._jobs)
            self._jobs.clear()
        for job in jobs:
            job.cancelled = True
            job.push(error)

    @abstractmethod
    async def _prepare(self, job: Job, prompt: str, params: SamplingParams) -> None:
        """Turn the prompt into tokens and set the job's `prompt_tokens`, without
        blocking the loop; raises `InvalidRequest`."""

    @abstractmethod
    def _enqueue(self, job: Job) -> None:
        """Take over the prepared `job`; the lock is held."""

    @abstractmethod
    def _alive(self) -> bool:
        """Whether the engine can take requests."""
