"""An answer as Server-Sent Events, and how the server notices that nobody reads."""

import asyncio
from collections.abc import Iterable
from time import perf_counter
from typing import Any, Protocol

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lab_utils import sse
from lab_utils.runners import Limits
from lab_utils.server import timing
from lab_utils.server.answers import Answers, unless_gone
from lab_utils.server.errors import describe, failure
from lab_utils.tokens import Token


class Wire(Protocol):
    """How tokens become events."""

    def events(self, index: int, token: Token) -> Iterable[dict[str, Any]]:
        """The events for one token of the answer number `index`."""

    def end(self) -> Iterable[dict[str, Any]]:
        """The events after the last token."""


class TokenEvents:
    """The wire of `/generate`: one event for each token."""

    def events(self, index: int, token: Token) -> Iterable[dict[str, Any]]:
        """The token's own event."""
        return (token.event(),)

    def end(self) -> Iterable[dict[str, Any]]:
        """Nothing."""
        return ()


class EventStream(Response):
    """`answers` as Server-Sent Events, written by `wire`, `[DONE]` at the end.

    The status line waits for the first token, so that an engine which fails at once is
    an honest 500; after `limits.comment_s` of silence it goes out anyway, followed by
    comments. A failure after that is one error event, then `[DONE]`.
    """

    media_type = sse.MEDIA_TYPE

    def __init__(self, answers: Answers, limits: Limits, wire: Wire) -> None:
        self.answers = answers
        self.limits = limits
        self.wire = wire
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
            self.answers.cancel()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        while not isinstance(item := await self._next(), Exception | None):
            if not self._begun:
                index, token = item
                spans = timing.of_stream(self.answers.jobs[index], token.step_ms)
                self.headers[timing.NAME] = spans
            if body := _encoded(self.wire.events(*item)):
                await self._send(send, body)
        if item is None:
            last = _encoded(self.wire.end())
        elif self._begun:
            last = sse.encode(describe(item)[1])
        else:
            async with self._writing:
                return await failure(item)(scope, receive, send)
        await self._send(send, last + sse.encode(sse.DONE), more=False)

    async def _next(self) -> tuple[int, Token] | Exception | None:
        """The next token and whose it is, the error that ended it all, or None at the
        end."""
        try:
            return await anext(self.answers)
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


def _encoded(events: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(map(sse.encode, events))
