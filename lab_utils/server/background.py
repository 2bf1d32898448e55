"""A server beside the notebook: uvicorn in a background thread of the kernel.

`uvicorn.run` cannot be called in a kernel, whose event loop is running already. A
thread with a loop of its own can. What the usual recipe leaves out is here: the socket
is bound first (a taken port is an error in the cell, not an endless wait), whatever
stops the thread is raised in the cell, stopping has a deadline, and running a cell
again stops what the cell started before. The idea of a server in a thread is from
Kludex/uvicorn#742.
"""

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from flask import Flask

from lab_utils import registry
from lab_utils.server import hub
from lab_utils.server.serving import App, LabServer, ServerError, bind, make_server
from lab_utils.server.wsgi import ThreadedWSGIServer

START_S = 150.0
"""Longer than an engine process may take to load its model, which has its own words
for being late."""

STOP_S = 2.0


class BackgroundServer:
    """Serves an app from a background thread of this process.

    app: an ASGI app (FastAPI, Starlette, a bare function) or a Flask app.
    port: 0 takes a free one. url: where it answers, once started; browser_url: the
    link to its page for the reader's browser.
    threads: for Flask only, how many requests it works on at a time.

    Use it as a context manager, or call `start()` and `stop()`. Running the same
    notebook cell again stops the servers that the cell started before.

    Raises `ServerError` from `start()` when it does not come up, and from `stop()` when
    it had ended by itself.
    """

    def __init__(
        self, app: App, *, host: str = "127.0.0.1", port: int = 0, threads: int = 1
    ) -> None:
        if not callable(app):
            raise TypeError(
                f"expected an app, such as create_app(engine); got {app!r}."
            )
        self._app = app
        self._host = host
        self._wanted_port = port
        self._threads = threads
        self._thread: threading.Thread | None = None
        self._server: LabServer | ThreadedWSGIServer | None = None
        self._error: BaseException | None = None
        self._startup_error = ""
        self.port = port

    @property
    def url(self) -> str:
        """Where it answers, such as `http://127.0.0.1:49152`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    @property
    def browser_url(self) -> str:
        """The link that works where the reader's browser is.

        On a laptop that is `url`. On a JupyterHub or Binder the browser is on another
        machine, and jupyter-server-proxy leads to this one: a path on the Hub's own
        host, or the whole address where the Hub says it; with the key that is asked for
        there.
        """
        prefix = hub.prefix()
        if prefix is None:
            return f"{self.url}/"
        home = os.environ.get("JUPYTERHUB_PUBLIC_URL") or prefix
        key = getattr(getattr(self._app, "state", None), "api_key", None)
        query = f"?{urlencode({'token': key})}" if key else ""
        return f"{home.rstrip('/')}/proxy/{self.port}/{query}"

    @property
    def is_running(self) -> bool:
        """Whether its thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> Self:
        """Bind the socket, start the thread, return when the server answers."""
        if self.is_running:
            return self
        registry.replace_previous()
        sock = bind(self._host, self._wanted_port)
        self.port = sock.getsockname()[1]
        self._error = None
        self._startup_error = ""
        try:
            run = self._wsgi(sock) if isinstance(self._app, Flask) else self._asgi(sock)
        except BaseException:
            sock.close()
            raise
        self._thread = threading.Thread(
            target=self._run, args=(run, sock), name=f"lab-server-{self.port}",
            daemon=True,
        )
        self._thread.start()
        try:
            self._wait_until_started()
        except BaseException:
            self._shut_down()
            raise
        registry.add(self, self.stop)
        return self

    def stop(self) -> None:
        """End open streams and the thread, free the port; at most about 2 s. Calling it
        again does nothing."""
        registry.remove(self)
        self._shut_down()
        error, self._error = self._error, None
        if error is not None:
            raise ServerError(f"the server had ended by itself: {error!r}.") from error

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            return self.stop()
        with contextlib.suppress(ServerError):  # the body's own error says more
            self.stop()

    def _asgi(self, sock: socket.socket) -> Callable[[], None]:
        server = make_server(self._app)
        server.config.load()
        server.config.loaded_app = self._listen_to_lifespan(server.config.loaded_app)
        self._server = server
        return lambda: server.run(sockets=[sock])

    def _wsgi(self, sock: socket.socket) -> Callable[[], None]:
        server = ThreadedWSGIServer(self._app, sock, self._threads)
        self._server = server
        return server.run

    def _run(self, run: Callable[[], None], sock: socket.socket) -> None:
        try:
            run()
        except BaseException as error:
            self._error = error
        finally:
            sock.close()

    def _wait_until_started(self) -> None:
        assert self._server is not None and self._thread is not None
        deadline = monotonic() + START_S
        while not self._server.started:
            if not self._thread.is_alive():
                error, self._error = self._error, None
                why = self._startup_error or repr(error)
                raise ServerError(f"the server did not start: {why}") from error
            if monotonic() > deadline:
                raise ServerError(
                    f"the server did not start within {START_S:.0f} s; is its start-up "
                    "code waiting for something?"
                )
            self._thread.join(0.005)

    def _listen_to_lifespan(self, app: App) -> App:
        """Keep the text of a failing start-up, which uvicorn only logs."""

        async def listening(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "lifespan":
                await app(scope, receive, send)
                return

            async def keep(message: dict[str, Any]) -> None:
                if message["type"] == "lifespan.startup.failed":
                    lines = message.get("message", "").strip().splitlines() or [""]
                    self._startup_error = lines[-1]
                    # uvicorn logs what it gets; the cell raises it as an error anyway.
                    message = {**message, "message": ""}
                await send(message)

            await app(scope, receive, keep)

        return listening

    def _shut_down(self) -> None:
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        if isinstance(self._server, LabServer) and not self._server.started:
            self._server.stop_runner()  # uvicorn would wait for it to have started
        self._thread.join(STOP_S - 0.3)
        if self._thread.is_alive():
            self._server.force_exit = True
            self._thread.join(0.3)


