"""Streams and the people who leave them: real sockets, closed in every way."""

import gc
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response

from lab_utils import LabClient
from lab_utils.client import StreamFailed
from lab_utils.engine import FakeEngine
from lab_utils.engine.loading import wrap
from lab_utils.runners import Limits
from tests.factories import Remote
from tests.models import byte_tokenizer, tiny_model
from tests.support import (
    HERE,
    KINDS,
    PATIENCE_S,
    Figure,
    Serve,
    Served,
    endless,
    events_of,
    raw,
    read_until,
    request_bytes,
    reset,
    wait_until,
)

STREAM = request_bytes({"prompt": "hi", "max_tokens": 90_000, "stream": True})
WHOLE = request_bytes({"prompt": "hi", "max_tokens": 90_000})
EVENTS = request_bytes(b"", "/generate?prompt=hi&max_tokens=90000", "GET")
A_FEW = 100
"""Steps of 2 ms: what an engine may go on to make before it hears that a client left,
on a busy machine. Without noticing it would make 90 000."""


def add_middleware(app: FastAPI) -> None:
    """A middleware of the kind that hides a disconnect from the app."""

    class Nothing(BaseHTTPMiddleware):
        async def dispatch(
            self, request: Request, call_next: RequestResponseEndpoint
        ) -> Response:
            return await call_next(request)

    app.add_middleware(Nothing)


def half_close(sock: socket.socket) -> None:
    sock.shutdown(socket.SHUT_WR)


def close(sock: socket.socket) -> None:
    sock.close()


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Whatever is freed meanwhile is freed on purpose."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@dataclass(frozen=True)
class Ticking:
    """A server on an endless engine whose steps take 2 ms."""

    served: Served
    remote: Remote


@pytest.fixture(scope="module", params=KINDS)
def every_kind(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ticking]:
    """One server per runner, for all who end their requests themselves."""
    remote = Remote(tmp_path_factory.mktemp("remote"))
    with Served(endless(on_step=remote), kind=request.param) as served:
        yield Ticking(served, remote)


@pytest.fixture(scope="module", params=KINDS)
def every_kind_wrapped(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ticking]:
    """The same behind a middleware."""
    remote = Remote(tmp_path_factory.mktemp("remote"))
    engine = endless(on_step=remote)
    with Served(engine, kind=request.param, wrap=add_middleware) as served:
        yield Ticking(served, remote)


@pytest.fixture
def ticking(every_kind: Ticking) -> Iterator[Ticking]:
    """Nobody is served before and after a test."""
    every_kind.remote.reset()
    yield every_kind
    every_kind.remote.reset()
    every_kind.served.until_free()


def test_row_01_a_stream_ends_with_done_and_nothing_is_left(ticking: Ticking) -> None:
    for _ in range(5):
        text = ticking.served.post(stream=True, max_tokens=3).text
        assert text.endswith("data: [DONE]\n\n")
    assert ticking.served.running() == ticking.served.waiting() == 0


@pytest.mark.parametrize("count", [7, 12, 41, 100])
def test_row_02_15_many_at_once_all_end_with_200_or_503(
    ticking: Ticking, count: int, record_property: Figure
) -> None:
    served, together = ticking.served, threading.Barrier(count)

    def ask(number: int) -> int:
        body = {"prompt": "hi", "max_tokens": 4, "stream": number % 2 == 0}
        with raw(served.url) as sock:
            together.wait(PATIENCE_S)
            sock.sendall(request_bytes(body))
            return int(read_until(sock, b"\r\n\r\n").split()[1])

    with ThreadPoolExecutor(count) as pool:
        statuses = pool.map(ask, range(count))
        assert served.http.get("/health").status_code == 200
        seen = list(statuses)
    assert set(seen) <= {200, 503}
    assert seen.count(200) >= min(count, 40)
    record_property("figure", f"{count} asked: {seen.count(200)} × 200")
    served.until_free()
    assert served.post(max_tokens=3).status_code == 200


def leave_a_stream(
    ticking: Ticking, request: bytes, leave: Callable[[socket.socket], None]
) -> int:
    """Read the first event, leave, and see the slot freed; after how many steps."""
    with no_garbage_collection(), raw(ticking.served.url, request) as sock:
        read_until(sock, b"data:")
        leave(sock)
        before = ticking.remote.steps
        ticking.served.until_free()
        after = ticking.remote.steps - before
    assert after < A_FEW
    return after


def leave_an_answer(ticking: Ticking, leave: Callable[[socket.socket], None]) -> None:
    """Leave a request without a stream after some steps, and see the slot freed."""
    ticking.remote.reset()
    with no_garbage_collection(), raw(ticking.served.url, WHOLE) as sock:
        wait_until(lambda: ticking.remote.steps > 3, "it has begun")
        leave(sock)
        before = ticking.remote.steps
        ticking.served.until_free()
        assert ticking.remote.steps - before < A_FEW


@pytest.mark.parametrize("leave", [close, reset, half_close])
@pytest.mark.parametrize("request_", [STREAM, EVENTS], ids=["POST", "GET"])
def test_row_04_05_who_leaves_a_stream_frees_its_slot(
    ticking: Ticking, request_: bytes, leave: Callable[[socket.socket], None],
    record_property: Figure,
) -> None:
    steps = leave_a_stream(ticking, request_, leave)
    record_property("figure", f"{leave.__name__}: {steps} steps of 2 ms")


@pytest.mark.parametrize("leave", [close, reset])
def test_row_08_who_leaves_a_whole_answer_frees_its_slot(
    ticking: Ticking, leave: Callable[[socket.socket], None]
) -> None:
    leave_an_answer(ticking, leave)


@pytest.mark.parametrize("leave", [close, reset, half_close])
def test_row_09_a_middleware_does_not_hide_who_leaves(
    every_kind_wrapped: Ticking, leave: Callable[[socket.socket], None]
) -> None:
    for request in (STREAM, EVENTS):
        leave_a_stream(every_kind_wrapped, request, leave)
    leave_an_answer(every_kind_wrapped, leave)


@pytest.mark.parametrize("body", [STREAM, WHOLE], ids=["stream", "whole"])
def test_row_06_who_leaves_during_the_prefill_costs_one_step(
    ticking: Ticking, body: bytes
) -> None:
    ticking.remote.hang(0)
    with raw(ticking.served.url, body):
        wait_until(lambda: ticking.remote.steps == 1, "the prefill has begun")
        assert ticking.served.running() == 1
    time.sleep(0.1)
    assert ticking.remote.steps == 1
    ticking.remote.reset()
    ticking.served.until_free()
    assert ticking.remote.steps <= 1


@pytest.mark.parametrize("body", [STREAM, WHOLE, EVENTS], ids=["stream", "whole", "GET"]
                         )
def test_row_07_who_leaves_while_queued_is_never_started(
    ticking: Ticking, body: bytes
) -> None:
    served, remote = ticking.served, ticking.remote
    with ExitStack() as stack:
        for _ in range(8):
            read_until(stack.enter_context(raw(served.url, STREAM)), b"data:")
        remote.hang()  # the engine is busy, and cannot be asked anything
        with raw(served.url, body):
            wait_until(lambda: served.waiting() == 1, "one waits")
        wait_until(lambda: served.waiting() == 0, "nobody waits any more")
        assert served.running() == 8
    assert remote.answers == 8
    remote.reset()
    served.until_free()
    assert remote.answers == 0, "none since"


def test_row_10_those_who_quit_leave_nothing(
    ticking: Ticking, record_property: Figure
) -> None:
    served = ticking.served
    with ExitStack() as stack:
        for number in range(200):
            stack.enter_context(raw(served.url, STREAM if number % 2 else WHOLE))
        wait_until(lambda: served.running() + served.waiting() == 40, "all that fit")
        assert served.http.get("/ready").status_code == 503
    started = time.monotonic()
    served.until_free()
    assert served.post(max_tokens=3).status_code == 200
    took = time.monotonic() - started
    assert took < 5
    record_property("figure", f"the next is answered {took:.2f} s later")


@pytest.mark.parametrize("kind", HERE)
def test_row_10_two_hundred_who_quit_leave_nothing(serve: Serve, kind: str) -> None:
    engine = endless(step_ms=1)
    served = serve(engine, kind=kind, max_queue=300)
    with ExitStack() as stack:
        for number in range(200):
            body = STREAM if number % 2 else WHOLE
            stack.enter_context(raw(served.url, body))
        wait_until(lambda: served.running() + served.waiting() == 200, "all are in")
    served.until_free()
    assert served.post(max_tokens=3).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_row_13_who_never_reads_is_dropped_and_slows_nobody(
    serve: Serve, kind: str, tmp_path: Path
) -> None:
    remote = Remote(tmp_path)
    engine = FakeEngine(["x" * 20_000] * 5_000, context=10**6, on_step=remote)
    limits = Limits(reader_s=0.5, unread_tokens=8)
    served = serve(engine, kind=kind, limits=limits)
    body = request_bytes({"prompt": "hi", "max_tokens": 5_000, "stream": True})
    with raw(served.url, body):
        wait_until(lambda: served.running() == 1, "it runs")
        assert len(list(served.client.stream("hi", max_tokens=50))) == 50
        served.until_free()
    # What the system's own buffers hold, and 8 tokens more.
    assert remote.steps < 2_000


def test_row_16_who_waits_too_long_gets_a_503(serve: Serve) -> None:
    served = serve(endless(), max_batch=1, limits=Limits(queue_s=0.02))
    with raw(served.url, STREAM) as sock:
        read_until(sock, b"data:")
        for stream in (True, False):
            response = served.post(stream=stream)
            assert response.status_code == 503
            assert response.headers["retry-after"] == "1"
            assert "no slot" in response.json()["error"]["message"]


def test_row_17_who_runs_too_long_gets_an_error_event(serve: Serve) -> None:
    served = serve(endless(), limits=Limits(request_s=0.1))
    *tokens, error, done = events_of(served.post(stream=True, max_tokens=90_000).text)
    assert tokens and error["error"]["code"] == "timed_out" and done == "[DONE]"
    assert served.post(max_tokens=90_000).status_code == 503
    served.until_free()


@pytest.mark.parametrize("stream", [False, True])
def test_row_20_an_error_before_the_first_token_is_a_500(
    ticking: Ticking, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    ticking.remote.fail(0)
    response = ticking.served.post(stream=stream)
    assert response.status_code == 500
    assert response.json()["error"]["type"] == "server_error"
    assert "boom" in caplog.text and "boom" not in response.text
    ticking.remote.reset()
    assert ticking.served.post(stream=stream, max_tokens=3).status_code == 200


def test_row_21_an_error_in_the_middle_is_one_event_and_then_done(
    ticking: Ticking,
) -> None:
    served = ticking.served
    ticking.remote.fail(5)
    *tokens, error, done = events_of(served.post(stream=True).text)
    assert len(tokens) == 5
    assert set(error) == {"error"} and error["error"]["type"] == "server_error"
    assert "boom" not in str(error)
    assert done == "[DONE]"
    assert served.post().status_code == 500
    with pytest.raises(StreamFailed, match="The engine failed"):
        list(served.client.stream("hi"))
    ticking.remote.reset()
    assert served.post(max_tokens=9).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_row_22_when_the_engine_dies_everybody_is_told(
    serve: Serve, kind: str
) -> None:
    engine = endless(step_ms=1, fail_at=300, error=SystemExit())
    served = serve(engine, kind=kind, max_batch=2)
    body = {"prompt": "hi", "max_tokens": 90_000}

    def whole(_: int) -> int:
        return httpx.post(f"{served.url}/generate", json=body, timeout=PATIENCE_S,
                          trust_env=False).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = pool.map(whole, range(3))
        *_, error, done = events_of(served.post(**body, stream=True).text)
        assert error["error"]["code"] == "engine_dead" and done == "[DONE]"
        assert set(statuses) == {503}
    assert served.http.get("/health").status_code == 503
    assert served.http.get("/health").json()["status"] == "dead"
    assert served.http.get("/ready").status_code == 503
    for stream in (True, False):
        response = served.post(stream=stream)
        assert response.status_code == 503
        assert response.json()["error"]["code"] == "engine_dead"


@pytest.mark.parametrize("kind", HERE)
def test_row_24_an_engine_that_hangs_is_seen_by_health(
    serve: Serve, kind: str
) -> None:
    engine = FakeEngine(hang_at=3)
    served = serve(engine, kind=kind, limits=Limits(stall_s=0.05))
    with raw(served.url, request_bytes({"prompt": "hi", "stream": True})) as sock:
        wait_until(lambda: served.http.get("/health").status_code == 503, "stalled")
        assert served.http.get("/health").json()["status"] == "stalled"
        assert served.http.get("/ready").status_code == 503
        assert served.waiting() == 0, "probes enqueue nothing"
        engine.unhang()
        assert b"[DONE]" in read_until(sock, b"[DONE]")
    assert served.http.get("/health").status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_row_51_nasty_text_arrives_as_it_is(serve: Serve, kind: str) -> None:
    pieces = ["\r", "\n\n", "data: x", "\u2028", "\u0085", "\0", "</script>",
              "[DONE]", "", "\x1b[31m", "x" * 100_000]
    served = serve(FakeEngine(pieces), kind=kind)
    assert [token.text for token in served.client.stream("hi")] == pieces
    assert served.client.generate("hi").text == "".join(pieces)


def test_row_55_a_silent_stream_is_kept_open_by_comments(serve: Serve) -> None:
    engine = FakeEngine("a b", hang_at=0)
    served = serve(engine, limits=Limits(comment_s=0.02))
    body = request_bytes({"prompt": "hi", "stream": True})
    with raw(served.url, body) as sock:
        head = read_until(sock, b": still here\n\n")
        assert b"200 OK" in head and b"data:" not in head
        assert b": still here\n\n" in read_until(sock, b": still here\n\n")
        engine.unhang()
        assert b"[DONE]" in read_until(sock, b"[DONE]")


def test_row_55_the_client_does_not_see_the_comments(serve: Serve) -> None:
    served = serve(FakeEngine("a b c", step_ms=60), limits=Limits(comment_s=0.01))
    assert [token.text for token in served.client.stream("hi")] == ["a", " b", " c"]


def test_an_error_after_a_comment_is_an_event_and_no_status(serve: Serve) -> None:
    engine = FakeEngine("a b", step_ms=0, hang_at=0)
    engine.fail_at = 1
    served = serve(engine, limits=Limits(comment_s=0.02))
    with raw(served.url, request_bytes({"prompt": "hi", "stream": True})) as sock:
        read_until(sock, b": still here\n\n")
        engine.unhang()
        rest = read_until(sock, b"[DONE]")
        assert b'{"error":' in rest and b"[DONE]" in rest


def test_row_54_a_real_model_answers_over_http_as_it_does_alone(serve: Serve) -> None:
    tokenizer = byte_tokenizer()
    tokenizer.eos_token = None
    engine = wrap(tiny_model(), tokenizer, name="tiny")
    served = serve(engine, max_batch=4)
    options = [{"temperature": 1.3, "seed": seed, "max_tokens": 25}
               for seed in range(6)]
    alone = [engine.generate("hi", **option).text  # type: ignore[arg-type]
             for option in options]

    def ask(number: int) -> str:
        with LabClient(served.url) as client:
            if number % 2:
                return client.generate("hi", **options[number]).text
            return "".join(
                token.text for token in client.stream("hi", **options[number])
            )

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(ask, range(6))) == alone
