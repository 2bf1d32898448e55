"""Servers with clients, raw sockets, and waiting without sleeping too long."""

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI
from flask import Flask

from lab_utils import BackgroundServer, LabClient, create_app
from lab_utils.engine import Engine, FakeEngine
from lab_utils.runners import (
    ExecutorRunner,
    Limits,
    ProcessRunner,
    Runner,
    ThreadRunner,
)
from tests import factories

KINDS = ["thread", "executor", "process"]
HERE = KINDS[:2]
"""The runners whose engine a test can reach into."""

Figure = Callable[[str, object], None]
"""pytest's `record_property`: `tests/faults/HELD.md` shows what is called "figure"."""

Cell = Callable[[str], None]
"""`cell("id")` makes the rest of a test the next execution of that notebook cell."""

PATIENCE_S = 10.0
"""Only so that a test that hangs ends; what is bounded is bounded by other means."""


def wait_until(
    holds: Callable[[], object], what: str = "it", within: float = PATIENCE_S
) -> None:
    """Wait until `holds()`; fails with `what` was expected."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"expected within {within:g} s: {what}"
        time.sleep(0.002)


def endless(step_ms: float = 2, **options: Any) -> FakeEngine:
    """An engine that goes on for minutes, until somebody ends the request."""
    return FakeEngine(["tick "] * 100_000, step_ms=step_ms, context=10**6, **options)


def make_runner(
    kind: str, engine: Engine, max_batch: int = 8, max_queue: int = 32
) -> Runner:
    """A runner of `kind` around `engine`, of which a process gets a copy."""
    if kind == "process":
        return ProcessRunner(
            engine.name, max_batch, max_queue, factory=factories.given, engine=engine
        )
    runners = {"thread": ThreadRunner, "executor": ExecutorRunner}
    return runners[kind](engine, max_batch, max_queue)


class Served:
    """A running server around an engine (or a ready app), with ways to talk to it."""

    def __init__(
        self,
        app: Engine | FastAPI | Flask,
        *,
        kind: str = "thread",
        max_batch: int = 8,
        max_queue: int = 32,
        limits: Limits | None = None,
        api_key: str | None = None,
        threads: int = 1,
        wrap: Callable[[FastAPI], None] = lambda app: None,
        **options: Any,
    ) -> None:
        if isinstance(app, Engine):
            runner = make_runner(kind, app, max_batch, max_queue)
            app = create_app(runner, api_key=api_key, limits=limits, **options)
            wrap(app)
        self.server = BackgroundServer(app, threads=threads)
        self._api_key = api_key

    def __enter__(self) -> Self:
        self.server.start()
        self.url = self.server.url
        self.port = self.server.port
        self.client = LabClient(self.url, api_key=self._api_key, timeout=PATIENCE_S)
        self.http = httpx.Client(
            base_url=self.url, trust_env=False, verify=False, timeout=PATIENCE_S
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()
        self.http.close()
        self.server.stop()

    def post(self, **fields: Any) -> httpx.Response:
        """`POST /generate` with `fields`."""
        return self.http.post("/generate", json={"prompt": "hi", **fields})

    def running(self) -> int:
        """How many requests hold a slot."""
        return int(self.client.health()["running"])

    def waiting(self) -> int:
        """How many requests wait for one."""
        return int(self.client.health()["waiting"])

    def until_free(self) -> None:
        """Wait until no request holds a slot or waits for one."""
        wait_until(lambda: not self.running() and not self.waiting(), "no request left")


class Serve(Protocol):
    """The `serve` fixture."""

    def __call__(self, app: Engine | FastAPI | Flask, **options: Any) -> Served:
        """Start a server."""


def request_bytes(
    body: dict[str, Any] | bytes | None = None,
    path: str = "/generate",
    method: str = "POST",
    headers: dict[str, str] | None = None,
) -> bytes:
    """An HTTP/1.1 request as it goes over the wire."""
    payload = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    fields = {"Host": "127.0.0.1", "Content-Type": "application/json",
              "Content-Length": str(len(payload)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + payload


@contextmanager
def raw(url: str, request: bytes = b"") -> Iterator[socket.socket]:
    """A plain TCP connection that sent `request`."""
    parts = urlsplit(url)
    address = (parts.hostname, parts.port)
    with socket.create_connection(address, timeout=PATIENCE_S) as sock:
        sock.sendall(request)
        yield sock


def read_until(sock: socket.socket, end: bytes) -> bytes:
    """What arrives up to and with `end`; all of it when the other side closes first."""
    data = b""
    while end not in data and (chunk := sock.recv(65536)):
        data += chunk
    return data


def status_of(url: str, request: bytes) -> int:
    """The status that a raw request gets."""
    with raw(url, request) as sock:
        return int(read_until(sock, b"\r\n\r\n").split()[1])


def reset(sock: socket.socket) -> None:
    """Close with RST, as a crashed client does."""
    linger = struct.pack("ii", 1, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    sock.close()


def events_of(text: str) -> list[Any]:
    """The events of a whole stream, JSON parsed, `[DONE]` as it is."""
    return [data if data == "[DONE]" else json.loads(data)
            for line in text.split("\n\n") if (data := line.removeprefix("data: "))]
