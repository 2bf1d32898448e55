"""A server in a thread by the plain recipe, as lesson 05 builds it by hand.

`BackgroundServer` is measured against it: this one is in no registry, says of a failed
start only that uvicorn left, and waits for open streams unless it is told a limit.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any

import uvicorn
from fastapi import FastAPI

from lab_utils.client import LabClient, ServerGone
from lab_utils.engine import FakeEngine
from lab_utils.server.app import create_app

JOIN_S = 20.0


def app_that_says(text: str) -> FastAPI:
    """An app that answers every prompt with `text`."""
    return create_app(FakeEngine(text))


def ask(url: str) -> str | None:
    """What the server at `url` says; None if nobody answers."""
    with contextlib.suppress(ServerGone), LabClient(url) as client:
        return client.generate("hi").text
    return None


def url_of(sock: socket.socket) -> str:
    """The address of what listens at `sock`."""
    return f"http://127.0.0.1:{sock.getsockname()[1]}"


def start(
    app: Callable[..., Any], port: int = 0, **settings: Any
) -> tuple[str, Callable[[], None]]:
    """Serve `app` from a thread; returns its URL, and a function that stops it.

    settings: more of them for uvicorn. Raises RuntimeError when it does not start,
    OSError when the port is taken.
    """
    sock = socket.create_server(("127.0.0.1", port))
    url = url_of(sock)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", **settings))
    errors: list[BaseException] = []

    def run() -> None:
        try:
            server.run(sockets=[sock])
        except BaseException as error:
            errors.append(error)
        finally:
            sock.close()

    thread = threading.Thread(target=run, name="plain", daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError(f"not started: {errors}")
        thread.join(0.01)

    def stop() -> None:
        server.should_exit = True
        thread.join(JOIN_S)

    return url, stop
