"""The runner over an engine process: jobs here, sequences there, messages between."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Self

from lab_utils.engine import Engine
from lab_utils.prompts import Prompt, check_prompt
from lab_utils.runners.base import STOP_S, Runner
from lab_utils.runners.errors import EngineDead
from lab_utils.runners.job import Job
from lab_utils.runners.process.link import EngineLink
from lab_utils.runners.process.messages import (
    Abort,
    Failed,
    Gone,
    Made,
    Prepared,
    Read,
    Refused,
    Started,
    Submit,
    ToEngine,
    ToServer,
)
from lab_utils.tokens import SamplingParams


class ProcessRunner(Runner):
    """Runs an engine in a child process, up to `max_batch` requests in each step.

    model: as in `load_engine`; the child loads its own weights. options: what else
    `load_engine` takes, such as `pace_ms`. factory: makes the engine from `model` and
    `options` in the child, instead of `load_engine`; it must be importable there, so
    not defined in a notebook.
    """

    kind = "process"

    def __init__(
        self,
        model: str = "tutor",
        max_batch: int = 8,
        max_queue: int = 32,
        *,
        factory: Callable[..., Engine] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(model, max_batch, max_queue)
        self._factory = factory
        self._options = {"model": model, **options}
        self.link: EngineLink | None = None
        self._checks: dict[int, asyncio.Future[int]] = {}
        self._starting = threading.Lock()
        self._loading: EngineLink | None = None
        self._given_up = False

    def start(self) -> Self:
        """Start the process and wait until its model is loaded, or `stop` is called."""
        with self._starting:
            if not self._alive():
                self.stop()
                self._given_up = False
                self._start(EngineLink(self._factory, self._options, self.max_batch))
        return self

    def _start(self, link: EngineLink) -> None:
        self._loading = link
        if self._given_up:  # while the process was made
            link.give_up()
        try:
            ready = link.wait_until_ready()
        except BaseException:
            link.close(0)
            raise
        finally:
            self._loading = None
        self.model, self.context = ready.model, ready.context
        self.pace_ms = ready.pace_ms
        link.serve(self._receive, self._watch, self._died)
        self.link = link

    def stop(self, timeout: float = STOP_S) -> None:
        """End every request with an error, then the process, killed after `timeout`."""
        self._given_up = True
        if (loading := self._loading) is not None:
            loading.give_up()
        link, self.link = self.link, None
        self._fail_all(EngineDead("the server is being stopped"))
        if link is not None:
            link.close(timeout)

    async def _check(self, job: Job, prompt: Prompt, params: SamplingParams) -> None:
        """Ask the engine, which has the tokenizer; it queues what it finds right."""
        check_prompt(prompt)
        with self._changed:
            self._refuse_if_dead()  # once more: who comes later hears of no death
            check = self._checks[job.id] = job.loop.create_future()
            self._send(Submit(job.id, prompt, params, job.limits.unread_tokens,
                              job.turn))
        try:
            job.prompt_tokens = await check
        finally:
            self._checks.pop(job.id, None)

    def _enqueue(self, job: Job) -> None:
        """Nothing to do: the engine has queued it when it had checked it."""

    def _left(self, job: Job) -> None:
        """Tell the engine that nobody reads `job` any more. One that holds a slot is
        counted until the engine says that the slot is free."""
        with self._changed:
            if job.id in self._jobs:  # else it has ended
                self._send(Abort(job.id))
            super()._left(job)
        # Whoever left for a full queue waits for its answer still.
        self._settle(job, 0)

    def _alive(self) -> bool:
        return self.link is not None and self.link.is_alive

    def _step_lasts(self) -> float:
        # The engine leaves the time of each step where we can read it, so that one
        # that hangs, or was stopped by a signal, is noticed without asking it.
        if self.link is None:
            return 0.0
        silence, self._slowest_step = self.link.silence()
        return silence

    def _send(self, message: ToEngine) -> None:
        if self.link is not None:
            self.link.send(message)

    # In the link's thread

    def _receive(self, message: ToServer) -> None:
        job = self._jobs.get(getattr(message, "id", 0))
        if job is None:
            return  # it left meanwhile, or the message is nonsense
        match message:
            case Prepared():
                self._settle(job, message.prompt_tokens)
            case Started():
                job.started = True
            case Made():
                self._hand_over(job, message.token)
            case Refused() | Failed():
                self._forget(job, message.error())
            case Gone():
                self._forget(job, None)

    def _forget(self, job: Job, last: Any) -> None:
        """Count `job` out; an error also answers who still waits for its check."""
        if isinstance(last, Exception):
            self._settle(job, last)
        super()._forget(job, last)

    def _settle(self, job: Job, result: int | Exception) -> None:
        check = self._checks.pop(job.id, None)
        if check is not None:
            job.call(_answer, check, result)

    def _watch(self) -> None:
        """Between messages: end what is overdue, report what was read."""
        for job in list(self._jobs.values()):
            if job.cancelled:
                continue
            if (error := job.overdue()) is not None:
                job.cancelled = True
                job.push(error)
                self._left(job)
            elif tokens := job.newly_read():
                self._send(Read(job.id, tokens))

    def _died(self) -> None:
        self._fail_all(EngineDead("the engine has died; restart the server"))

    def _fail_all(self, error: Exception) -> None:
        for job in list(self._jobs.values()):
            self._settle(job, error)
        super()._fail_all(error)


def _answer(check: asyncio.Future[int], result: int | Exception) -> None:
    if check.done():
        return  # whoever asked was cancelled
    if isinstance(result, Exception):
        check.set_exception(result)
    else:
        check.set_result(result)
