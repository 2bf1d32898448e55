"""The server that lesson 05 builds by hand behaves as `BackgroundServer` does."""

import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI

from lab_utils import BackgroundServer, create_app
from lab_utils.engine import FakeEngine
from lab_utils.lessons import n05_plain_server as plain_server
from lab_utils.lessons.n05_plain_server import app_that_says, ask
from tests.lessons.kernel import Kernel
from tests.lessons.lesson import Lesson
from tests.support import raw, read_until, request_bytes

Start = Callable[..., tuple[str, Callable[[], None]]]

STOPS_WITHIN_S = 5.0
"""It takes about 1.3 s; the rest is for a machine that is busy with something else."""


def by_library(app: FastAPI, **settings: Any) -> tuple[str, Callable[[], None]]:
    server = BackgroundServer(app).start()  # has its settings already
    return server.url, server.stop


def by_hand() -> Start:
    start: Start = Lesson("05").define("start")["start"]
    return start


STARTS: dict[str, Callable[[], Start]] = {
    "lesson": by_hand, "baseline": lambda: plain_server.start,
    "library": lambda: by_library,
}


@pytest.fixture(params=STARTS)
def start(request: pytest.FixtureRequest) -> Start:
    return STARTS[request.param]()


def is_open(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=1).close()
    except OSError:
        return False
    return True


def test_it_answers_and_after_its_stop_nothing_is_left(start: Start) -> None:
    before = threading.enumerate()
    url, stop = start(app_that_says("hello"))
    assert ask(url) == "hello"
    stop()
    assert set(threading.enumerate()) <= set(before)
    assert not is_open(url)
    assert ask(url) is None


def test_two_at_once_get_two_ports(start: Start) -> None:
    servers = [start(app_that_says(name)) for name in ("one", "two")]
    try:
        assert [ask(url) for url, _ in servers] == ["one", "two"]
    finally:
        for _, stop in servers:
            stop()


def test_a_failing_start_up_raises_in_the_caller(start: Start) -> None:
    @asynccontextmanager
    async def no_weights(app: FastAPI) -> AsyncIterator[None]:
        raise ValueError("no weights here")
        yield

    before = threading.enumerate()
    with pytest.raises(RuntimeError, match="not start"):
        start(FastAPI(lifespan=no_weights))
    assert set(threading.enumerate()) <= set(before)


def test_with_a_limit_it_stops_while_a_stream_is_open(start: Start) -> None:
    engine = FakeEngine(["word "] * 10_000, step_ms=5, context=10**6)
    url, stop = start(create_app(engine), timeout_graceful_shutdown=1)
    body = {"prompt": "hi", "max_tokens": 9_000, "stream": True}
    with raw(url, request_bytes(body)) as sock:
        read_until(sock, b"data:")
        began = time.monotonic()
        stop()
        assert time.monotonic() - began < STOPS_WITHIN_S
        assert not is_open(url)


@pytest.mark.parametrize("name", ["lesson", "baseline"])
def test_a_taken_port_is_an_error_of_the_caller(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            STARTS[name]()(app_that_says("hello"), port)


def test_a_registry_by_hand_keeps_one_server_for_a_name() -> None:
    names = Lesson("05").define("serve_named")
    urls = [
        names["serve_named"]("demo", app_that_says(f"version {number}"))
        for number in (1, 2, 3)
    ]
    try:
        assert [ask(url) for url in urls] == [None, None, "version 3"]
    finally:
        names["named"]["demo"][1]()


def test_the_cell_that_is_to_be_run_three_times_keeps_one_server() -> None:
    """Run All runs it once, and then its assert claims little."""
    section = Lesson("05").section("5.4")
    (again,) = [cell for cell in section.code if "only = " in cell.source]
    assert section.catch_up
    with Kernel() as kernel:
        for cell in (section.catch_up, again, again, again):
            reply = kernel.run(cell.source, timeout_s=60)
            assert not reply.error, reply.trace
