"""The two ways an answer leaves the server, and how it notices that nobody reads.

uvicorn tells of a client that left only through `receive()`. So both ways run their
work beside a task that listens there, and both end by giving the slot back.
"""

import asyncio
from collections.abc import Coroutine
from time import perf_counter
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lab_utils import sse
from lab_utils.runners import Job, Limits
from lab_utils.server.errors import describe, failure
from lab_utils.tokens import Generation, Token

T = TypeVar("T")


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


async def collect(stream: Job, receive: Receive) -> Generation:
    """Read `stream` to its end; frees its slot also when the client leaves before."""

    async def read() -> Generation:
        tokens = [token async for token in stream]
        total_ms = 1e3 * (perf_counter() - stream.admitted)
        return Generation.of(tokens, stream.prompt_tokens, total_ms)

    try:
        return await unless_gone(receive, read())
    finally:
        stream.cancel()


class EventStream(Response):
    """An answer as Server-Sent Events, one per token, `[DONE]` at the end.

    The status line waits for the first token, so that an engine which fails at once is
    an honest 500; after `limits.comment_s` of silence it goes out anyway, followed by
    comments. A failure after that is one error event, then `[DONE]`.
    """

    media_type = sse.MEDIA_TYPE

    def __init__(self, stream: Job, limits: Limits) -> None:
        self.stream = stream
        self.limits = limits
        self.status_code = 200
        self.background = None
        self.init_headers(sse.HEADERS)
        self._writing = asyncio.Lock()
        self._begun = False
        self._since = perf_counter()  # the last message was begun or ended then

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, unless the client leaves or stops reading."""
        try:
            answer = self._answer(scope, receive, send)
            await unless_gone(receive, answer, self._watch(send))
        except ClientDisconnect:
            pass  # there is nobody to tell
        finally:
            self.stream.cancel()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (item := await self._next()) is not None:
            if isinstance(item, Exception) and not self._begun:
                async with self._writing:
                    return await failure(item)(scope, receive, send)
            await self._send(send, _event(item))
            if isinstance(item, Exception):
                break
        await self._send(send, sse.encode(sse.DONE), more=False)

    async def _next(self) -> Token | Exception | None:
        """The stream's next token, the error that ended it, or None at its end."""
        try:
            return await anext(self.stream)
        except StopAsyncIteration:
            return None
        except Exception as error:
            return error

    async def _send(self, send: Send, body: bytes, more: bool = True) -> None:
        # send waits while the client does not read and the buffers are full.
        async with self._writing:
            self._since = perf_counter()
            if not self._begun:
                self._begun = True
                await send({"type": "http.response.start", "status": self.status_code,
                            "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": body, "more_body": more})
            self._since = perf_counter()

    async def _watch(self, send: Send) -> None:
        """Break each silence with a comment; end when the client has stopped reading.

        It looks at the clock now and then: a timer of its own for every token would
        cost the loop a fifth of its time.
        """
        comment_s, reader_s = self.limits.comment_s, self.limits.reader_s
        while True:
            limit = reader_s if self._writing.locked() else comment_s
            rest = self._since + limit - perf_counter()
            if rest > 0:
                await asyncio.sleep(min(rest, comment_s, reader_s))
            elif self._writing.locked():
                return
            else:
                async with asyncio.timeout(reader_s):  # its error ends this task, too
                    await self._send(send, sse.comment("still here"))


def _event(item: Token | Exception) -> bytes:
    if isinstance(item, Exception):
        return sse.encode(describe(item)[1])
    return sse.encode(item.event())
