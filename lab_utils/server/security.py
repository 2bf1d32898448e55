"""Who may talk to the server: the checks in front of every route.

A server on 127.0.0.1 is reachable from any web page the reader has open: by a request
across sites, or by a host name that resolves to 127.0.0.1 (DNS rebinding). So the Host
and Origin headers must name this machine. On a shared machine every other user reaches
it too; an API key keeps them out.

On a JupyterHub the reader's browser is elsewhere, and what it sends comes through
jupyter-server-proxy under the Hub's name. Nobody's browser can reach this machine's
loopback there, so a request that names the Hub's path may name any host.
"""

import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lab_utils.server.errors import error_response
from lab_utils.server.paths import route_path

LOOPBACK = ("127.0.0.1", "localhost", "::1")
OPEN_PATHS = ("/health",)
"""Answered without a key: a load balancer has none, and they tell nothing secret."""


class BodyLimit:
    """ASGI middleware that answers 413 to a body of more than `max_bytes`, whether the
    client says its length beforehand or sends it in chunks without an end."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through while its body is small enough."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdecimal() and int(length[:20]) > self._max_bytes:
            refusal = error_response(413, self._too_large())
            return await refusal(scope, receive, send)
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max_bytes:
                raise HTTPException(413, self._too_large())
            return message

        await self._app(scope, counted, send)

    def _too_large(self) -> str:
        return f"the body may have at most {self._max_bytes} bytes"


class Guard:
    """ASGI middleware that refuses foreign hosts and origins, and asks for the key.

    allow_hosts: names under which the server may be addressed besides loopback.
    api_key: expected as `Authorization: Bearer KEY`; a browser sends `?token=KEY` once
    and gets a cookie for it, as with Jupyter. None: no key is asked for.
    hub_path: where a JupyterHub keeps this machine's Jupyter, such as `/user/ada/`.
    """

    def __init__(
        self,
        app: ASGIApp,
        allow_hosts: Iterable[str] = (),
        api_key: str | None = None,
        hub_path: str | None = None,
    ) -> None:
        self._app = app
        self._hub_path = hub_path
        self._hosts = {*LOOPBACK, *(name.lower() for name in allow_hosts)}
        self._key = api_key.encode() if api_key else None
        digest = hmac.new(self._key or b"", b"lab-cookie", hashlib.sha256).hexdigest()
        # Named after the key, so that servers on two ports do not share a cookie.
        self._cookie_name, self._cookie_value = f"lab-{digest[:8]}", digest[8:]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it here."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            refusal = self._foreign(scope, headers) or self._locked(scope, headers)
            if refusal is not None:
                return await refusal(scope, receive, send)
        await self._app(scope, receive, send)

    def _foreign(self, scope: Scope, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        through_hub = self._came_through_hub(headers)
        is_ours = through_hub or self._is_ours(f"http://{host}")
        if len(headers.getlist("host")) != 1 or not is_ours:
            return error_response(
                400, "the Host header names no host of this server; start it with "
                "--allow-host NAME to allow one", code="host_not_allowed",
            )
        origin = headers.get("origin")
        own = (f"https://{host}", f"http://{host}") if through_hub else ()
        if origin is not None and origin not in own and not self._is_ours(origin):
            return error_response(
                400, "requests from another site's pages are refused",
                code="origin_not_allowed",
            )
        crossing = headers.get("sec-fetch-site") == "cross-site"
        if crossing and route_path(scope) == "/generate":
            return error_response(
                400, "requests from another site's pages are refused",
                code="cross_site",
            )
        return None

    def _came_through_hub(self, headers: Headers) -> bool:
        # jupyter-server-proxy sets it; a page of another site could only after a
        # preflight, to which we say no.
        context = headers.get("x-forwarded-context", "")
        return bool(self._hub_path) and context.startswith(str(self._hub_path))

    def _is_ours(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            _ = parts.port  # raises if it is none
        except ValueError:
            return False
        bare = url in (f"http://{parts.netloc}", f"https://{parts.netloc}")
        name = (parts.hostname or "").rstrip(".")
        return bare and "@" not in parts.netloc and name in self._hosts

    def _locked(self, scope: Scope, headers: Headers) -> Response | None:
        """None when the key was shown; else a 401, or the exchange for a cookie."""
        if self._key is None or route_path(scope) in OPEN_PATHS:
            return None
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_key(shown.strip()):
            return None
        # Before the cookie: an address with the key is always exchanged.
        query = parse_qsl(scope["query_string"].decode("latin-1"), True)
        tokens = [value for name, value in query if name == "token"]
        if scope["method"] == "GET" and tokens and self._is_key(tokens[0]):
            return self._exchange(scope, query, self._came_through_hub(headers))
        if self._has_cookie(headers):
            return None
        return error_response(
            401, "this server asks for its API key: send it as 'Authorization: Bearer "
            "KEY', or open the address with ?token=KEY once",
            code="invalid_api_key", headers={"WWW-Authenticate": "Bearer"},
        )

    def _is_key(self, shown: str) -> bool:
        # In constant time, so that the key cannot be guessed letter by letter.
        expected = self._key or b""
        return hmac.compare_digest(shown.encode(errors="replace"), expected)

    def _has_cookie(self, headers: Headers) -> bool:
        # Browsers send the cookies of every port of localhost; one that breaks the
        # rules (`theme={"x":1}`) must not hide ours: they are not parsed as a whole.
        expected = f"{self._cookie_name}={self._cookie_value}".encode()
        cookies = ";".join(headers.getlist("cookie")).split(";")
        return any(
            hmac.compare_digest(cookie.strip().encode(), expected) for cookie in cookies
        )

    def _exchange(
        self, scope: Scope, query: list[tuple[str, str]], through_hub: bool
    ) -> Response:
        """Send the browser to the same address without the key, with a cookie."""
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        # Relative, so that it holds behind a proxy that adds a path; and never
        # "//evil.example", which would lead to another host.
        page = "./" + scope["path"].rpartition("/")[2]
        response = RedirectResponse(f"{page}?{rest}" if rest else page, 303)
        # Not for "/" on a Hub: the servers of all users are on one host there, and the
        # browser would show the cookie to each.
        response.set_cookie(
            self._cookie_name, self._cookie_value, httponly=True, samesite="strict",
            path=self._hub_path if through_hub and self._hub_path else "/",
        )
        return response
