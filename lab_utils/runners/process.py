"""The engine in a process of its own, as in vLLM V1 and SGLang: it shares no GIL with
the event loop, and its death is not ours.

`EngineLink` is the parent's side of the connection: one thread that owns the socket. It
calls `_receive` for each message, `_watch` between them, `_died` at the end.
"""

import asyncio
import threading
from collections.abc import Callable
from itertools import count
from typing import Any, Self

from lab_utils.engine import Engine, SamplingParams, Token
from lab_utils.engine.tokens import check_prompt
from lab_utils.model.loading import load_engine
from lab_utils.runners.base import STOP_S, EngineDead
from lab_utils.runners.engine_link import EngineLink
from lab_utils.runners.jobs import AdmittingRunner, Job
from lab_utils.runners.messages import (
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


class EngineFailed(RuntimeError):
    """The model raised in the engine process; the text is its exception."""


class ProcessRunner(AdmittingRunner):
    """Runs an engine in a child process, up to `max_batch` requests in each step.

    model: as in `load_engine`; the child loads its own weights. options: what else
    `load_engine` takes, such as `pace_ms`. factory: makes the engine from `model` and
    `options` in the child; it must be importable there, so not defined in a notebook.
    """

    kind = "process"

    def __init__(
        self,
        model: str = "tutor",
        max_batch: int = 8,
        max_queue: int = 32,
        *,
        factory: Callable[..., Engine] = load_engine,
        **options: Any,
    ) -> None:
        super().__init__(model, max_batch, max_queue)
        self._factory = factory
        self._options = {"model": model, **options}
        self._link: EngineLink | None = None
        self._ids = count(1)
        self._by_id: dict[int, Job] = {}
        self._id_of: dict[Job, int] = {}
        self._answers: dict[int, asyncio.Future[int]] = {}
        self._starting = threading.Lock()
        self._loading: EngineLink | None = None

    def start(self) -> Self:
        """Start the process and wait until its model is loaded, or `stop` is called."""
        with self._starting:
            if not self._alive():
                self.stop()
                self._start(EngineLink(self._factory, self._options, self.max_batch))
        return self

    def _start(self, link: EngineLink) -> None:
        self._loading = link
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
        self._link = link

    def stop(self, timeout: float = STOP_S) -> None:
        """End every request with an error, then the process, killed after `timeout`."""
        if (loading := self._loading) is not None:
            loading.give_up()
        link, self._link = self._link, None
        self._fail_everybody(EngineDead("the server is being stopped"))
        if link is not None:
            link.close(timeout)

    def left(self, job: Job) -> None:
        """Tell the engine that nobody reads `job` any more. One that holds a slot is
        counted until the engine says that the slot is free."""
        with self._changed:
            super().left(job)
            id = self._id_of.pop(job, None)
            if id is None:
                return  # it has ended, or has left before
            self._send(Abort(id))
            if not job.started:
                del self._by_id[id]
        # Whoever left for a full queue waits for its answer still.
        self._answer(job, id, 0)

    async def _prepare(self, job: Job, prompt: str, params: SamplingParams) -> None:
        check_prompt(prompt)
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        with self._changed:
            self._refuse_if_dead()  # once more: who comes later hears of no death
            id = next(self._ids)
            self._by_id[id], self._id_of[job], self._answers[id] = job, id, answer
            self._send(Submit(id, prompt, params.max_tokens, params.temperature,
                              params.top_p, params.seed, params.stop,
                              job.limits.unread_tokens))
        try:
            job.prompt_tokens = await answer
        finally:
            self._answers.pop(id, None)

    def _enqueue(self, job: Job) -> None:
        """Nothing to do: the engine has queued it when it had checked it."""

    def _alive(self) -> bool:
        return self._link is not None and self._link.is_alive

    def _step_lasts(self) -> float:
        # The engine leaves the time of each step where we can read it, so that one
        # that hangs, or was stopped by a signal, is noticed without asking it.
        if self._link is None:
            return 0.0
        silence, self._slowest_step = self._link.silence()
        return silence

    def _send(self, message: ToEngine) -> None:
        if self._link is not None:
            self._link.send(message)

    # In the link's thread

    def _receive(self, message: ToServer) -> None:
        id = getattr(message, "id", 0)
        job = self._by_id.get(id)
        if job is None:
            return  # it left meanwhile, or the message is nonsense
        if isinstance(message, Prepared):
            self._answer(job, id, message.prompt_tokens)
        elif isinstance(message, Refused):
            self._end(job, id, message.error())
        elif isinstance(message, Started):
            job.started = True
        elif isinstance(message, Made):
            self._take(job, id, message.token())
        elif isinstance(message, Failed):
            self._end(job, id, EngineFailed(message.reason))
        elif isinstance(message, Gone):
            self._end(job, id, None)

    def _take(self, job: Job, id: int, token: Token) -> None:
        if token.finish_reason is None:
            job.push(token)
        else:
            self._end(job, id, token)

    def _end(self, job: Job, id: int, last: Token | Exception | None) -> None:
        with self._changed:
            self._by_id.pop(id, None)
            self._id_of.pop(job, None)
        if isinstance(last, Exception):
            self._answer(job, id, last)
        self._forget(job, last)

    def _answer(self, job: Job, id: int, result: int | Exception) -> None:
        answer = self._answers.pop(id, None)
        if answer is not None:
            job.call(_settle, answer, result)

    def _watch(self) -> None:
        """Between messages: end what is overdue, report what was read."""
        for id, job in list(self._by_id.items()):
            if job.cancelled:
                continue
            job.must_wait()
            if (error := job.overdue()) is not None:
                job.cancelled = True
                job.push(error)
                self.left(job)
            elif tokens := job.newly_read():
                self._send(Read(id, tokens))

    def _died(self) -> None:
        self._fail_everybody(EngineDead("the engine has died; restart the server"))

    def _fail_everybody(self, error: Exception) -> None:
        with self._changed:
            jobs = dict(self._by_id)
            self._by_id.clear()
            self._id_of.clear()
        for id, job in jobs.items():
            self._answer(job, id, error)
        self._fail_all(error)


def _settle(answer: asyncio.Future[int], result: int | Exception) -> None:
    if answer.done():
        return  # whoever asked was cancelled
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
