"""The default: one engine thread that takes every step of every request.

The event loop never computes and never waits for a lock that is held during a step.
The engine thread never touches the loop but by `call_soon_threadsafe`. A request is a
`_Job` that both know: the loop sets `cancelled`, the engine thread looks at it before
each step, so whoever leaves frees the slot within one step.

The same shape runs in `transformers serve` (one inference thread) and, one process
further, in vLLM and SGLang.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from time import perf_counter
from typing import Self

from lab_utils.engine import Engine, SamplingParams, Token
from lab_utils.engine import Request as EngineRequest
from lab_utils.runners.base import (
    DEFAULT_LIMITS,
    STOP_S,
    EngineDead,
    Limits,
    Overloaded,
    Runner,
    Status,
    TimedOut,
    TokenStream,
)

logger = logging.getLogger("lab_utils.runners")

STALL_FACTOR = 20
IDLE_S = 0.005


class _Job(TokenStream):
    """One request, from the queue to its end; created on the event loop."""

    def __init__(
        self,
        runner: "ThreadRunner",
        request: EngineRequest,
        limits: Limits,
        admitted: float,
    ) -> None:
        self.prompt_tokens = len(request.prompt_ids)
        self.admitted = admitted
        self.limits = limits
        self.cancelled = False
        self.steps = runner.engine.steps(request)
        self._runner = runner
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[Token | Exception] = asyncio.Queue()
        self._done = False
        # Two counters, each changed by one thread only; the queue's own size lags
        # behind while the loop is busy.
        self._made = 0
        self._read = 0
        self._full_since: float | None = None
        wait = limits.queue_s - (perf_counter() - admitted)
        self._timer = self._loop.call_later(max(0, wait), runner.expire, self)

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
        self._timer.cancel()
        self._runner.drop(self)

    # From here on: called in the engine's thread.

    def push(self, item: Token | Exception) -> None:
        """Hand `item` to the reader; a plain `put_nowait` would not wake its loop."""
        self._made += 1
        # A loop that was closed meanwhile has no reader left.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._items.put_nowait, item)

    def must_wait(self) -> bool:
        """Whether so many tokens lie unread that no more should be made for now."""
        full = self._made - self._read >= self.limits.unread_tokens
        self._full_since = (self._full_since or perf_counter()) if full else None
        return full

    def overdue(self) -> TimedOut | None:
        """The error that ends this request now, if it broke one of its limits."""
        now, limits = perf_counter(), self.limits
        if now - self.admitted > limits.request_s:
            return TimedOut(f"the request took over {limits.request_s:g} s")
        if self._full_since is not None and now - self._full_since > limits.reader_s:
            return TimedOut(f"nothing was read for {limits.reader_s:g} s")
        return None


class ThreadRunner(Runner):
    """Runs `engine` in one thread; up to `max_batch` requests take turns, step by step.

    Any number of event loops may submit. After `stop` it can be started again.
    """

    kind = "thread"

    def __init__(self, engine: Engine, max_batch: int = 8, max_queue: int = 32) -> None:
        if max_batch < 1 or max_queue < 0:
            raise ValueError(
                "expected max_batch >= 1 and max_queue >= 0; "
                f"got {max_batch} and {max_queue}."
            )
        self.engine = engine
        self.model = engine.name
        self.context = engine.context
        self.max_batch = max_batch
        self.max_queue = max_queue
        self._changed = threading.Condition()  # guards all that follows
        self._preparing = 0
        self._waiting: deque[_Job] = deque()
        self._running: list[_Job] = []
        self._stopping = False
        self._died: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._step_started: float | None = None
        self._slowest_step = 0.0

    # On the event loop

    def start(self) -> Self:
        """Start the engine's thread if it does not run."""
        with self._changed:
            if self._stopping or not self._alive():
                self._stopping, self._died = False, None
                self._thread = threading.Thread(
                    target=self._run, name=f"engine-{self.model}", daemon=True
                )
                self._thread.start()
        return self

    async def submit(
        self, prompt: str, params: SamplingParams, limits: Limits
    ) -> TokenStream:
        """Count the request in, check it, and queue it for the engine's thread."""
        admitted = perf_counter()
        with self._changed:
            self._refuse_if_dead()
            if self._free_places() < 1:
                raise Overloaded(
                    f"{self.max_batch} requests run and {self.max_queue} wait already; "
                    "try again in a moment"
                )
            self._preparing += 1
        try:
            # In a thread: a prompt of a megabyte takes a second to become tokens.
            request = await asyncio.to_thread(self.engine.prepare, prompt, params)
        finally:
            with self._changed:
                self._preparing -= 1
        return self._enqueue(request, limits, admitted)

    def _enqueue(
        self, request: EngineRequest, limits: Limits, admitted: float
    ) -> _Job:
        with self._changed:
            self._refuse_if_dead()
            job = _Job(self, request, limits, admitted)
            self._waiting.append(job)
            self._changed.notify()
        return job

    def expire(self, job: _Job) -> None:
        """End a request that still has no slot after the longest wait allowed."""
        with self._changed:
            if job not in self._waiting:
                return
            self._waiting.remove(job)
        job.push(Overloaded(f"no slot was free within {job.limits.queue_s:g} s"))

    def drop(self, job: _Job) -> None:
        """Forget `job`: at once while it waits, before its next step while it runs."""
        job.cancelled = True
        with self._changed:
            if job in self._waiting:
                self._waiting.remove(job)

    def status(self, stall_s: float = DEFAULT_LIMITS.stall_s) -> Status:
        """How the engine is now."""
        with self._changed:
            running, waiting = len(self._running), len(self._waiting) + self._preparing
            alive = self._alive()
        stalled = self._step_lasts() > max(stall_s, STALL_FACTOR * self._slowest_step)
        return Status(
            "dead" if not alive else "stalled" if stalled else "ok",
            self.model, self.kind, running, waiting, self.max_batch,
        )

    @property
    def ready(self) -> bool:
        """Whether a new request would be admitted now."""
        with self._changed:
            return self._alive() and self._free_places() > 0

    def stop(self, timeout: float = STOP_S) -> None:
        """End every request with an error and join the thread for up to `timeout` s.

        A step cannot be interrupted: the thread of a longer one ends after it.
        """
        with self._changed:
            self._stopping = True
            thread = self._thread
            self._fail_all(EngineDead("the server is being stopped"))
            self._changed.notify()
        if thread is not None:
            thread.join(timeout)

    def _free_places(self) -> int:
        taken = len(self._running) + len(self._waiting) + self._preparing
        return self.max_batch + self.max_queue - taken

    def _alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and not self._died

    def _refuse_if_dead(self) -> None:
        if self._stopping or not self._alive():
            raise EngineDead("the engine does not run; restart the server")

    def _step_lasts(self) -> float:
        started = self._step_started
        return 0.0 if started is None else perf_counter() - started

    # In the engine's thread

    def _run(self) -> None:
        try:
            while self._admit():
                steps = [self._step(job) for job in self._running.copy()]
                if not any(steps):
                    time.sleep(IDLE_S)  # nobody reads what was made already
        except BaseException as error:
            # SystemExit, MemoryError in the loop itself, a bug here: the thread ends,
            # so everybody who waits must hear of it.
            logger.critical("the engine's thread died", exc_info=error)
            with self._changed:
                if self._is_over():
                    return
                self._died = error
                self._fail_all(EngineDead("the engine has died; restart the server"))

    def _admit(self) -> bool:
        """Fill the free slots in order of arrival; sleep while there is nothing to do.
        False when the runner is being stopped."""
        with self._changed:
            while not (self._running or self._waiting or self._is_over()):
                self._changed.wait()
            if self._is_over():
                return False
            while self._waiting and len(self._running) < self.max_batch:
                self._running.append(self._waiting.popleft())
            return True

    def _is_over(self) -> bool:
        # A thread that was stopped in a long step must not serve the next start.
        return self._stopping or threading.current_thread() is not self._thread

    def _step(self, job: _Job) -> bool:
        """Let one request make one token, or end it; False if it has to wait."""
        if job.cancelled:
            self._free(job)
        elif (error := job.overdue()) is not None:
            self._end(job, error)
        elif job.must_wait():
            return False
        else:
            self._make_token(job)
        return True

    def _make_token(self, job: _Job) -> None:
        self._step_started = perf_counter()
        try:
            token = next(job.steps)
        except StopIteration:
            self._end(job, RuntimeError("the engine ended without a finish_reason"))
        except Exception as error:
            self._end(job, error)
        else:
            self._end(job, token) if token.finish_reason else job.push(token)
        finally:
            self._slowest_step = max(self._slowest_step, self._step_lasts())
            self._step_started = None

    def _end(self, job: _Job, item: Token | Exception) -> None:
        # Freed first: whoever reads the last item may count on the free slot.
        self._free(job)
        job.push(item)

    def _free(self, job: _Job) -> None:
        job.steps.close()
        with self._changed:
            if job in self._running:
                self._running.remove(job)

    def _fail_all(self, error: Exception) -> None:
        for job in [*self._waiting, *self._running]:
            job.cancelled = True
            job.push(error)
        self._waiting.clear()
        self._running.clear()
