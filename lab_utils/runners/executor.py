"""The tutorial's pattern: `run_in_executor(pool, next, tokens)`, a step at a time.

Here it is on a pool of its own with one thread, which cures what the default pool does
wrong: all steps of all requests run on the same thread, so they never overlap; closing
a generator is queued behind its running step, so it never meets one; and no other work
of the loop waits behind a full pool. Streams interleave step by step, but each step
serves one request alone: eight streams are each eight times slower, not batched.
"""

import asyncio
import contextlib
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from lab_utils.engine import Engine, SamplingParams, Token
from lab_utils.runners.base import STOP_S, EngineDead
from lab_utils.runners.jobs import AdmittingRunner, Job, prepare_in_thread

Tokens = Generator[Token, None, None]


class ExecutorRunner(AdmittingRunner):
    """Runs `engine` on a pool of one thread; up to `max_batch` requests take turns."""

    kind = "executor"

    def __init__(self, engine: Engine, max_batch: int = 8, max_queue: int = 32) -> None:
        super().__init__(engine.name, max_batch, max_queue)
        self.engine = engine
        self.context = engine.context
        self._pool: ThreadPoolExecutor | None = None
        self._died = False
        self._slots = asyncio.Semaphore(max_batch)
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> Self:
        """Make the pool and its thread."""
        if not self._alive():
            self._died = False
            self._slots = asyncio.Semaphore(self.max_batch)
            self._pool = ThreadPoolExecutor(1, f"engine-{self.model}")
            self._thread = self._pool.submit(threading.current_thread).result()
        return self

    def stop(self, timeout: float = STOP_S) -> None:
        """End every request with an error; the pool's thread ends after its step."""
        pool, self._pool = self._pool, None
        self._fail_all(EngineDead("the server is being stopped"))
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)
            self._thread.join(timeout)

    async def _prepare(self, job: Job, prompt: str, params: SamplingParams) -> None:
        job.request = await prepare_in_thread(self.engine, prompt, params)
        job.prompt_tokens = len(job.request.prompt_ids)

    def _enqueue(self, job: Job) -> None:
        task = asyncio.ensure_future(self._serve(job))
        self._tasks.add(task)  # the loop itself keeps only a weak reference
        task.add_done_callback(self._tasks.discard)

    def _alive(self) -> bool:
        return self._pool is not None and not self._died

    async def _serve(self, job: Job) -> None:
        """Wait for a slot, then pull token after token through the pool."""
        async with self._slots:
            pool = self._pool
            if job.cancelled or pool is None:
                return
            job.started = True
            tokens = self.engine.steps(job.request)
            last: Token | Exception | None = None
            try:
                last = await self._pull(job, tokens, pool)
            finally:
                with contextlib.suppress(RuntimeError):  # the pool was shut down
                    pool.submit(tokens.close)
                self._forget(job, last)

    async def _pull(
        self, job: Job, tokens: Tokens, pool: ThreadPoolExecutor
    ) -> Token | Exception | None:
        """Push every token but the last, which is returned, as is what went wrong."""
        loop = asyncio.get_running_loop()
        while not job.cancelled:
            if (error := job.overdue()) is not None:
                return error
            if job.must_wait():
                await asyncio.sleep(0.005)
                continue
            item = await loop.run_in_executor(pool, self._step, tokens)
            if isinstance(item, Exception) or item.finish_reason is not None:
                return item
            job.push(item)
        return None

    # On the pool's thread

    def _step(self, tokens: Tokens) -> Token | Exception:
        """One `next`. What it raises is returned: a StopIteration cannot cross a
        future, and a SystemExit would end the event loop."""
        self._begin_step()
        try:
            return next(tokens)
        except StopIteration:
            return RuntimeError("the engine ended without a finish_reason")
        except Exception as error:
            return error
        except BaseException:
            self._died = True
            death = EngineDead("the engine has died; restart the server")
            self._fail_all(death)
            return death
        finally:
            self._end_step()
