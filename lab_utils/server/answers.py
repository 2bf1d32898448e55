"""Requests that were admitted together, read as one; dropped when nobody reads them.

uvicorn tells of a client that left only through `receive()`. So whatever is done for a
client runs beside a task that listens there.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from time import perf_counter
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from lab_utils.prompts import Prompt
from lab_utils.runners import Job, Limits, Runner
from lab_utils.tokens import Generation, SamplingParams, Token

T = TypeVar("T")


class Answers:
    """The tokens of several jobs in the order in which they come, each with the number
    of its job; what ends one job with an error ends them all."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = tuple(jobs)
        self._reading: dict[asyncio.Task[Token], int] = {}
        self._begun = False

    @classmethod
    async def admit(
        cls, runner: Runner, prompts: Sequence[Prompt], params: SamplingParams,
        limits: Limits, client: str = "",
    ) -> "Answers":
        """Submit all of `prompts` of a `client` or none; raises what `Runner.submit`
        does."""
        jobs: list[Job] = []
        try:
            for prompt in prompts:
                jobs.append(await runner.submit(prompt, params, limits, client))
        except BaseException:
            cls(jobs).cancel()
            raise
        return cls(jobs)

    def __aiter__(self) -> AsyncIterator[tuple[int, Token]]:
        return self

    async def __anext__(self) -> tuple[int, Token]:
        """Wait for the next token of any of the jobs."""
        if len(self.jobs) == 1:
            return 0, await anext(self.jobs[0])
        if not self._begun:
            self._begun = True
            for index in range(len(self.jobs)):
                self._read(index)
        if not self._reading:
            raise StopAsyncIteration
        done, _ = await asyncio.wait(
            self._reading, return_when=asyncio.FIRST_COMPLETED
        )
        first = min(done, key=self._reading.__getitem__)
        index, token = self._reading.pop(first), first.result()
        if token.finish_reason is None:
            self._read(index)
        return index, token

    def _read(self, index: int) -> None:
        # At the end of the line: the others have their turn before it.
        task = asyncio.ensure_future(self.jobs[index].__anext__())
        self._reading[task] = index

    def cancel(self) -> None:
        """Give every slot back; any number of times."""
        for task in self._reading:
            task.cancel()
            if task.done() and not task.cancelled():
                task.exception()  # else asyncio logs that nobody looked at it
        for job in self.jobs:
            job.cancel()


async def unless_gone(
    receive: Receive, work: Coroutine[Any, Any, T], *signs: Coroutine[Any, Any, None]
) -> T:
    """Do `work`, but drop it and raise `ClientDisconnect` when the client leaves, or
    when one of `signs` ends, which means the same."""
    working = asyncio.ensure_future(work)
    leaving = [asyncio.ensure_future(sign) for sign in (_left(receive), *signs)]
    try:
        await asyncio.wait({working, *leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        for task in (working, *leaving):
            task.cancel()
        await asyncio.gather(working, *leaving, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def collect(answers: Answers, receive: Receive) -> list[Generation]:
    """Read `answers` to the end; frees their slots also when the client leaves before.
    """

    async def read() -> list[Generation]:
        tokens: list[list[Token]] = [[] for _ in answers.jobs]
        ended = [0.0] * len(tokens)
        async for index, token in answers:
            tokens[index].append(token)
            ended[index] = perf_counter()
        return [
            Generation.of(made, job.prompt_tokens, 1e3 * (end - job.admitted))
            for made, job, end in zip(tokens, answers.jobs, ended, strict=True)
        ]

    try:
        return await unless_gone(receive, read())
    finally:
        answers.cancel()
