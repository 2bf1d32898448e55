"""The default: one engine thread that takes every step of every request.

The event loop never computes and never waits for a step. The engine's thread never
touches the loop but by `call_soon_threadsafe`. Both know a request as a `Job`: the loop
sets `cancelled`, the engine's thread looks at it before each step, so whoever leaves
frees the slot within one step.

The same shape runs in `transformers serve` (one inference thread) and, one process
further, in vLLM and SGLang.
"""

import logging
import threading
import time
from collections import deque
from typing import Self

from lab_utils.engine import Engine, SamplingParams, Scheduler
from lab_utils.engine.scheduler import Sequence
from lab_utils.runners.base import STOP_S, EngineDead
from lab_utils.runners.jobs import AdmittingRunner, Job, prepare_in_thread

logger = logging.getLogger("lab_utils.runners")

IDLE_S = 0.005


class ThreadRunner(AdmittingRunner):
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
            self._thread = threading.Thread(
                target=self._run, args=(self.engine.scheduler(self.max_batch),),
                name=f"engine-{self.model}", daemon=True,
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

    async def _prepare(self, job: Job, prompt: str, params: SamplingParams) -> None:
        job.request = await prepare_in_thread(self.engine, prompt, params)
        job.prompt_tokens = len(job.request.prompt_ids)

    def _enqueue(self, job: Job) -> None:
        self._arrived.append(job)
        self._changed.notify_all()

    def _alive(self) -> bool:
        running = self._thread is not None and self._thread.is_alive()
        return running and not self._stopping and self._died is None

    # In the engine's thread

    def _run(self, scheduler: Scheduler) -> None:
        jobs: dict[Sequence, Job] = {}
        try:
            while self._wait_for_work(jobs):
                self._take_over(scheduler, jobs)
                self._step(scheduler, jobs)
        except BaseException as error:
            # SystemExit, no memory, a bug here: the thread ends, so everybody who
            # waits must hear of it.
            logger.critical("the engine's thread died", exc_info=error)
            if not self._is_over():
                self._died = error
                self._fail_all(EngineDead("the engine has died; restart the server"))

    def _wait_for_work(self, jobs: dict[Sequence, Job]) -> bool:
        """Sleep while there is nothing to do; False when this thread must end."""
        with self._changed:
            while not (jobs or self._arrived or self._is_over()):
                self._changed.wait()
            return not self._is_over()

    def _is_over(self) -> bool:
        # A thread that was stopped in a long step must not serve the next start.
        return self._stopping or threading.current_thread() is not self._thread

    def _take_over(self, scheduler: Scheduler, jobs: dict[Sequence, Job]) -> None:
        """Bring the scheduler up to date: who arrived, who left, who must wait."""
        with self._changed:
            arrived = [job for job in self._arrived if not job.cancelled]
            self._arrived.clear()
        for job in arrived:
            jobs[scheduler.add(job.request)] = job
        for sequence, job in list(jobs.items()):
            error = job.overdue()
            if job.cancelled or error is not None:
                scheduler.abort(sequence)
                del jobs[sequence]
                self._forget(job, error)
            sequence.held = job.must_wait()
        scheduler.admit()
        for sequence, job in jobs.items():
            job.started = sequence.slot is not None

    def _step(self, scheduler: Scheduler, jobs: dict[Sequence, Job]) -> None:
        self._begin_step()
        outputs = scheduler.step()
        self._end_step()
        for sequence, item in outputs:
            if sequence.ended:
                self._forget(jobs.pop(sequence), item)
            else:
                jobs[sequence].push(item)
        if jobs and scheduler.idle:
            time.sleep(IDLE_S)  # nobody reads what was made already
