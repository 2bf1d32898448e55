"""The two ways an answer leaves the server, and how it notices that nobody reads.

uvicorn tells of a client that left only through `receive()`. So both ways run their
work beside a task that listens there, and both end by giving the slot back.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from time import perf_counter
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lab_utils.engine import Generation, Token
from lab_utils.runners import Limits, TimedOut, TokenStream
from lab_utils.server import sse
from lab_utils.server.errors import describe, failure

T = TypeVar("T")


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Do `work`, but drop it and raise `ClientDisconnect` when the client leaves."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def collect(stream: TokenStream, receive: Receive) -> Generation:
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

    def __init__(self, stream: TokenStream, limits: Limits) -> None:
        self.stream = stream
        self.limits = limits
        self.status_code = 200
        self.background = None
        self.init_headers(sse.HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the whole answer, unless the client leaves or stops reading."""
        try:
            await unless_gone(receive, self._answer(scope, receive, send))
        except (ClientDisconnect, TimedOut):
            pass  # there is nobody to tell
        finally:
            self.stream.cancel()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._items()) as items:
            first = await anext(items)
            if isinstance(first, Exception):
                return await failure(first)(scope, receive, send)
            await send({"type": "http.response.start", "status": self.status_code,
                        "headers": self.raw_headers})
            await self._send(send, _event(first))
            async for item in items:
                await self._send(send, _event(item))
            await self._send(send, sse.encode(sse.DONE), more=False)

    async def _items(self) -> AsyncGenerator[Token | Exception | None]:
        """The stream's tokens; None after each silence; the error that ended it."""
        while True:
            try:
                async with asyncio.timeout(self.limits.comment_s) as silence:
                    item: Token | Exception | None = await anext(self.stream)
            except StopAsyncIteration:
                return
            except Exception as error:
                item = None if silence.expired() else error
            yield item
            if isinstance(item, Exception):
                return

    async def _send(self, send: Send, body: bytes, more: bool = True) -> None:
        message = {"type": "http.response.body", "body": body, "more_body": more}
        try:
            # send waits while the client does not read and the buffers are full.
            async with asyncio.timeout(self.limits.reader_s):
                await send(message)
        except TimeoutError:
            raise TimedOut("the client stopped reading") from None


def _event(item: Token | Exception | None) -> bytes:
    if item is None:
        return sse.comment("still here")
    if isinstance(item, Exception):
        return sse.encode(describe(item)[1])
    return sse.encode(item.event())
