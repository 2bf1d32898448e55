"""A server in a thread by the plain recipe, as lesson 05 builds it by hand.

`BackgroundServer` is measured against it: this one is in no registry, says of a failed
start only that uvicorn left, and cuts open streams off without a word.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any

import uvicorn
from fastapi import FastAPI

from lab_utils.client import LabClient, ServerGone
from lab_utils.engine import FakeEngine
from lab_utils.server.app import create_app

START_S = 10.0
LIMIT_S = 1
JOIN_S = 20.0


def app_that_says(text: str) -> FastAPI:
    """An app that answers every prompt with `text`."""
    return create_app(FakeEngine(text))


def ask(url: str) -> str | None:
    """What the server at `url` says; None if nobody answers."""
    with contextlib.suppress(ServerGone), LabClient(url) as client:
        return client.generate("hi").text
    return None


def bind(port: int = 0) -> socket.socket:
    """A socket that listens at `port`; 0 takes a free one. OSError if it is taken."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.bind(("127.0.0.1", port))
        sock.listen()
    except OSError:
        sock.close()
        raise
    return sock


def url_of(sock: socket.socket) -> str:
    """The address of what listens at `sock`."""
    return f"http://127.0.0.1:{sock.getsockname()[1]}"


def start(
    app: Callable[..., Any], port: int = 0, limit: int | None = LIMIT_S
) -> tuple[str, Callable[[], None]]:
    """Serve `app` from a thread; returns its URL, and a function that stops it.

    limit: seconds that a stop waits for open streams; None waits for their end.
    Raises RuntimeError when it does not start.
    """
    sock = bind(port)
    config = uvicorn.Config(
        app, log_level="critical", timeout_graceful_shutdown=limit
    )
    server = uvicorn.Server(config)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            server.run(sockets=[sock])
        except BaseException as error:
            errors.append(error)
        finally:
            sock.close()

    url = url_of(sock)
    thread = threading.Thread(target=run, name=f"plain {url}", daemon=True)
    thread.start()
    deadline = perf_counter() + START_S
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError(f"the server did not start: {errors}")
        if perf_counter() > deadline:
            raise TimeoutError(f"the server did not start within {START_S:g} s")
        thread.join(0.01)

    def stop() -> None:
        server.should_exit = True
        thread.join(JOIN_S)

    return url, stop
