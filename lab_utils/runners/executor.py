"""The tutorial's pattern: `run_in_executor(pool, next, tokens)`, a step at a time.

Here it is on a pool of its own with one thread, which cures what the default pool does
wrong: all steps of all requests run on the same thread, so they never overlap; closing
a generator is queued behind its running step, so it never meets one; and no other work
of the loop waits behind a full pool. Streams interleave step by step, but each step
serves one request alone: eight streams are each eight times slower, not batched.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from lab_utils.engine import Engine
from lab_utils.prompts import Prompt
from lab_utils.runners.base import STOP_S, Runner
from lab_utils.runners.errors import EngineDead
from lab_utils.runners.job import Job
from lab_utils.tokens import SamplingParams, Token

logger = logging.getLogger("lab_utils.runners")

Tokens = Generator[Token, None, None]


class ExecutorRunner(Runner):
    """Runs `engine` on a pool of one thread; up to `max_batch` requests take turns."""

    kind = "executor"

    def __init__(self, engine: Engine, max_batch: int = 8, max_queue: int = 32) -> None:
        super().__init__(engine.name, max_batch, max_queue)
        self.engine = engine
        self.context = engine.context
        self.pace_ms = engine.pace_ms
        self._pool: ThreadPoolExecutor | None = None
        self._thread: threading.Thread | None = None
        self._waiting: dict[Job, asyncio.Event] = {}  # oldest first
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> Self:
        """Make the pool and its thread."""
        with self._changed:
            if not self._alive():
                pool = ThreadPoolExecutor(1, f"lab-engine-{self.model}")
                self._thread = pool.submit(threading.current_thread).result()
                self._pool = pool
        return self

    def stop(self, timeout: float = STOP_S) -> None:
        """End every request with an error; the pool's thread ends after its step."""
        self._end(EngineDead("the server is being stopped"))
        if self._thread is not None:
            self._thread.join(timeout)

    def _end(self, error: EngineDead) -> None:
        with self._changed:
            pool, self._pool = self._pool, None
            self._step_started = None
            self._fail_all(error)
            for job in list(self._waiting):
                self._left(job)
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    async def _check(self, job: Job, prompt: Prompt, params: SamplingParams) -> None:
        # In a worker thread: a prompt of a megabyte takes a second to become tokens.
        job.request = await asyncio.to_thread(self.engine.prepare, prompt, params)
        job.prompt_tokens = len(job.request.prompt_ids)

    def _enqueue(self, job: Job) -> None:
        self._waiting[job] = turn = asyncio.Event()
        task = asyncio.ensure_future(self._serve(job, turn))
        self._tasks.add(task)  # the loop itself keeps only a weak reference
        task.add_done_callback(self._tasks.discard)
        # Not in the task: one that is cancelled before it begins never runs at all.
        task.add_done_callback(lambda _: self._forget(job, None))
        self._admit()

    def _admit(self) -> None:
        """Give the free slots to the first in the queue; the lock is held.

        No `asyncio.Semaphore` does it, since that belongs to one event loop.
        """
        while self._waiting and self._running() < self.max_batch:
            job = min(self._waiting, key=lambda job: job.turn)
            job.started = True
            job.call(self._waiting.pop(job).set)

    def _left(self, job: Job) -> None:
        """Forget `job` if it waits; one that has a slot ends after its step."""
        super()._left(job)
        with self._changed:
            if (turn := self._waiting.pop(job, None)) is not None:
                job.call(turn.set)

    def _forget(self, job: Job, last: Token | Exception | None) -> None:
        with self._changed:
            self._waiting.pop(job, None)
            super()._forget(job, last)
            self._admit()

    def _alive(self) -> bool:
        return self._pool is not None

    # On the event loop

    async def _serve(self, job: Job, turn: asyncio.Event) -> None:
        """Wait for a slot, then pull token after token through the pool."""
        await turn.wait()
        pool = self._pool
        if job.cancelled or pool is None:
            return
        tokens = self.engine.steps(job.request)
        with contextlib.suppress(RuntimeError):  # the pool was shut down
            try:
                last = await self._pull(job, tokens, pool)
                self._forget(job, last)
            finally:
                pool.submit(tokens.close)

    async def _pull(
        self, job: Job, tokens: Tokens, pool: ThreadPoolExecutor
    ) -> Token | Exception | None:
        """Push every token but the last, which is returned, as is what went wrong."""
        while not job.cancelled:
            if (error := job.overdue()) is not None:
                return error
            if job.is_full:
                await asyncio.sleep(0.005)
                continue
            item = await job.loop.run_in_executor(pool, self._step, tokens, pool)
            if isinstance(item, Exception) or item.finish_reason is not None:
                return item
            job.push(item)
        return None

    # On the pool's thread

    def _step(self, tokens: Tokens, pool: ThreadPoolExecutor) -> Token | Exception:
        """One `next`. What it raises is returned: a StopIteration cannot cross a
        future, and a SystemExit would end the event loop."""
        self._begin_step()
        try:
            return next(tokens)
        except StopIteration:
            return RuntimeError("the engine ended without a finish_reason")
        except Exception as error:
            return error
        except BaseException as error:
            logger.critical("the engine died", exc_info=error)
            death = EngineDead("the engine has died; restart the server")
            if pool is self._pool:  # else it was stopped, and perhaps started again
                self._end(death)
            return death
        finally:
            if pool is self._pool:
                self._end_step()
