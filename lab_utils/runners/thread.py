"""The default: one engine thread that takes every step of every request.

The event loop never computes and never waits for a step. The engine's thread never
touches the loop but by `call_soon_threadsafe`. Both know a request as a `Job`: the loop
sets `cancelled`, the engine's thread looks at it before each step, so whoever leaves
frees the slot within one step.

The same shape runs in `transformers serve` (one inference thread) and, one process
further, in vLLM and SGLang.
"""

import asyncio
import logging
import threading
from collections import deque
from typing import Self

from lab_utils.engine import Driver, Engine
from lab_utils.prompts import Prompt
from lab_utils.runners.base import STOP_S, Runner
from lab_utils.runners.errors import EngineDead
from lab_utils.runners.job import Job
from lab_utils.tokens import SamplingParams

logger = logging.getLogger("lab_utils.runners")

IDLE_S = 0.005


class ThreadRunner(Runner):
    """Runs `engine` in one thread, up to `max_batch` requests in each of its steps.

    Any number of event loops may submit. After `stop` it can be started again.
    """

    kind = "thread"

    def __init__(self, engine: Engine, max_batch: int = 8, max_queue: int = 32) -> None:
        super().__init__(engine.name, max_batch, max_queue)
        self.engine = engine
        self.context = engine.context
        self.pace_ms = engine.pace_ms
        self._arrived: deque[Job] = deque()
        self._stopping = False
        self._died: BaseException | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Start the engine's thread if it does not run."""
        with self._changed:
            if self._alive():
                return self
            self._stopping, self._died = False, None
            driver = Driver[Job](self.engine.scheduler(self.max_batch))
            self._thread = threading.Thread(
                target=self._run, args=(driver,), name=f"lab-engine-{self.model}",
                daemon=True,
            )
            self._thread.start()
        return self

    def stop(self, timeout: float = STOP_S) -> None:
        """End every request with an error and join the thread for up to `timeout` s.

        A step cannot be interrupted: the thread of a longer one ends after it.
        """
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._fail_all(EngineDead("the server is being stopped"))
        if self._thread is not None:
            self._thread.join(timeout)

    async def _check(self, job: Job, prompt: Prompt, params: SamplingParams) -> None:
        # In a worker thread: a prompt of a megabyte takes a second to become tokens.
        job.request = await asyncio.to_thread(self.engine.prepare, prompt, params)
        job.prompt_tokens = len(job.request.prompt_ids)

    def _enqueue(self, job: Job) -> None:
        self._arrived.append(job)
        self._changed.notify_all()

    def _alive(self) -> bool:
        running = self._thread is not None and self._thread.is_alive()
        return running and not self._stopping and self._died is None

    # In the engine's thread

    def _run(self, driver: Driver[Job]) -> None:
        try:
            while self._wait_for_work(driver):
                self._catch_up(driver)
                self._step(driver)
        except BaseException as error:
            # SystemExit, no memory, a bug here: the thread ends, so everybody who
            # waits must hear of it.
            logger.critical("the engine's thread died", exc_info=error)
            if not self._is_over():
                self._died = error
                self._fail_all(EngineDead("the engine has died; restart the server"))

    def _wait_for_work(self, driver: Driver[Job]) -> bool:
        """Sleep while there is nothing to do; False when this thread must end."""
        with self._changed:
            while not (driver or self._arrived or self._is_over()):
                self._changed.wait()
            return not self._is_over()

    def _is_over(self) -> bool:
        # A thread that was stopped in a long step must not serve the next start.
        return self._stopping or threading.current_thread() is not self._thread

    def _catch_up(self, driver: Driver[Job]) -> None:
        """Tell the driver who arrived, who left and who has read."""
        with self._changed:
            arrived = [job for job in self._arrived if not job.cancelled]
            self._arrived.clear()
        for job in arrived:
            driver.add(job, job.request, job.limits.unread_tokens, job.turn)
        for job in driver.keys:
            error = job.overdue()
            if job.cancelled or error is not None:
                driver.abort(job)
                self._forget(job, error)
            elif tokens := job.newly_read():
                driver.widen(job, tokens)
        for job in driver.admit():
            job.started = True

    def _step(self, driver: Driver[Job]) -> None:
        self._begin_step()
        made = driver.step()
        self._end_step()
        for job, item in made:
            self._hand_over(job, item)
        if driver and driver.idle:  # nobody reads what was made already
            with self._changed:
                self._changed.wait(IDLE_S)
