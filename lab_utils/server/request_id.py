"""A name for every request, by which a client's report finds its line in the log.

The server finds it in the request's `scope["state"]["request_id"]`.
"""

import re
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "x-request-id"
ACCEPTED = re.compile(r"[!-~]{1,128}")


class RequestId:
    """ASGI middleware that gives each response the `x-request-id` of its request, or
    one of its own where there is none (or none that is safe to repeat)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and name its response."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        given = Headers(scope=scope).get(HEADER, "")
        name = given if ACCEPTED.fullmatch(given) else f"req_{uuid4().hex}"

        scope.setdefault("state", {})["request_id"] = name

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = name
            await send(message)

        await self._app(scope, receive, named)
