"""One line per request on the server's terminal, safe to read.

Whatever a client chose is escaped: a path with line breaks or terminal codes in it
could forge lines or repaint the screen. Query strings are left out: one may hold the
key.
"""

import logging
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lab_utils.server.paths import route_path

logger = logging.getLogger("lab_utils.access")

LONGEST_PATH = 80
QUIET_PATHS = ("/health", "/ready")
"""Asked many times a minute by whoever watches the server: not worth a line each."""


class AccessLog:
    """ASGI middleware that logs method, path, status, duration and name (`RequestId`)
    when a request ends; status 499 stands for a client that left before its answer
    began."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log how it ended."""
        if scope["type"] != "http" or route_path(scope) in QUIET_PATHS:
            return await self._app(scope, receive, send)
        started, status = perf_counter(), 499

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            status = 500  # the middleware that answers it stands outside of this one
            raise
        finally:
            seconds = perf_counter() - started
            path = escape(scope["path"])
            name = scope["state"]["request_id"]
            logger.info(
                "%s %s %d %.3f s %s", scope["method"], path, status, seconds, name
            )


def escape(text: str) -> str:
    """`text` on one line of printable ASCII, cut to `LONGEST_PATH` characters."""
    safe = text.encode("unicode_escape").decode("ascii")
    return safe if len(safe) <= LONGEST_PATH else safe[: LONGEST_PATH - 1] + "…"
