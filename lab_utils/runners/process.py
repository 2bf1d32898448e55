"""The engine in a process of its own, as in vLLM V1 and SGLang: it shares no GIL with
the event loop, and its death is not ours.

`EngineLink` is the parent's side of the connection: one thread that owns the socket. It
calls `_receive` for each message, `_watch` between them, `_died` at the end.
"""

import asyncio
import contextlib
from collections.abc import Callable
from itertools import count
from typing import Any, Self

from lab_utils.engine import Engine, SamplingParams
from lab_utils.engine.tokens import check_prompt
from lab_utils.model.loading import load_engine
from lab_utils.runners.base import STOP_S, EngineDead
from lab_utils.runners.engine_link import EngineLink
from lab_utils.runners.jobs import AdmittingRunner, Job
from lab_utils.runners.messages import (
    Abort,
    Failed,
    Hold,
    Made,
    Prepared,
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
        self._held: set[int] = set()

    def start(self) -> Self:
        """Start the process and wait until its model is loaded."""
        if not self._alive():
            self.stop()
            link = EngineLink(self._factory, self._options, self.max_batch)
            try:
                ready = link.wait_until_ready()
            except BaseException:
                link.close(0)
                raise
            self.model, self.context = ready.model, ready.context
            self._link = link
            link.serve(self._receive, self._watch, self._died)
        return self

    def stop(self, timeout: float = STOP_S) -> None:
        """End every request with an error, then the process, killed after `timeout`."""
        link, self._link = self._link, None
        self._fail_everybody(EngineDead("the server is being stopped"))
        if link is not None:
            link.close(timeout)

    def left(self, job: Job) -> None:
        """Tell the engine that nobody reads `job` any more."""
        super().left(job)
        with self._changed:
            id = self._id_of.pop(job, None)
            self._jobs.discard(job)
            if id is not None:
                self._by_id.pop(id, None)
                self._held.discard(id)
                self._send(Abort(id))

    async def _prepare(self, job: Job, prompt: str, params: SamplingParams) -> None:
        check_prompt(prompt)
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        with self._changed:
            id = next(self._ids)
            self._by_id[id], self._id_of[job], self._answers[id] = job, id, answer
            self._send(Submit(id, prompt, params.max_tokens, params.temperature,
                              params.top_p, params.seed, params.stop))
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
            self._answer(job, id, message.error())
        elif isinstance(message, Started):
            job.started = True
        elif isinstance(message, Made):
            token = message.token()
            if token.finish_reason is None:
                job.push(token)
                self._hold(job, id)
            else:
                self._drop(job, id)
                self._forget(job, token)
        elif isinstance(message, Failed):
            error = EngineFailed(message.reason)
            self._drop(job, id)
            self._answer(job, id, error)
            self._forget(job, error)

    def _drop(self, job: Job, id: int) -> None:
        with self._changed:
            self._by_id.pop(id, None)
            self._id_of.pop(job, None)
            self._held.discard(id)

    def _answer(self, job: Job, id: int, result: int | Exception) -> None:
        answer = self._answers.pop(id, None)
        if answer is None:
            return

        def settle() -> None:
            if answer.done():
                return
            if isinstance(result, Exception):
                answer.set_exception(result)
            else:
                answer.set_result(result)

        with contextlib.suppress(RuntimeError):
            answer.get_loop().call_soon_threadsafe(settle)

    def _hold(self, job: Job, id: int) -> None:
        if job.must_wait() and id not in self._held:
            self._held.add(id)
            self._send(Hold(id, True))

    def _watch(self) -> None:
        """Between messages: end what is overdue, let go on who reads again."""
        for id, job in list(self._by_id.items()):
            if (error := job.overdue()) is not None:
                job.push(error)
                self.left(job)
            elif id in self._held and not job.must_wait():
                self._held.discard(id)
                self._send(Hold(id, False))

    def _died(self) -> None:
        self._fail_everybody(EngineDead("the engine has died; restart the server"))

    def _fail_everybody(self, error: Exception) -> None:
        with self._changed:
            jobs = dict(self._by_id)
            self._by_id.clear()
            self._id_of.clear()
            self._held.clear()
        for id, job in jobs.items():
            self._answer(job, id, error)
        self._fail_all(error)
