"""Promises that are kept in front of the runner, seen to hold with each one behind it.
"""

import _thread
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from lab_utils.engine import FakeEngine
from lab_utils.runners import Limits
from tests.support import (
    KINDS,
    Figure,
    Serve,
    Served,
    endless,
    events_of,
    raw,
    read_until,
    request_bytes,
    wait_until,
)

COMPLETIONS, CHAT = "/v1/completions", "/v1/chat/completions"


@pytest.fixture(scope="module", params=KINDS)
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    """One server per runner; three tokens of 30 ms, and no silence above 10 ms."""
    engine = FakeEngine("a b c", step_ms=30, name="toy")
    limits = Limits(comment_s=0.01)
    with Served(engine, kind=request.param, limits=limits) as served:
        yield served


@pytest.mark.parametrize("kind", KINDS)
def test_row_19_two_requests_of_one_name_do_not_meet(
    serve: Serve, kind: str, record_property: Figure
) -> None:
    """`x-request-id` is a name for the log; what runs is known by a number of ours."""
    served = serve(endless(), kind=kind)
    body = {"prompt": "hi", "stream": True, "max_tokens": 90_000}
    request = request_bytes(body, headers={"x-request-id": "same"})
    with raw(served.url, request) as first:
        with raw(served.url, request):
            wait_until(lambda: served.running() == 2, "both live")
        wait_until(lambda: served.running() == 1, "one has left")
        for _ in range(5):
            assert b"tick" in read_until(first, b"data:"), "its twin goes on"
    served.until_free()
    record_property("figure", "two live under one name, one left, one went on")


def test_row_19_no_client_chooses_an_id(served: Served) -> None:
    for field in ("id", "request_id", "rid"):
        assert served.post(**{field: "mine"}).status_code == 422
        answer = served.http.post(COMPLETIONS, json={"prompt": "hi", field: "mine"})
        assert answer.status_code == 400 and field in answer.text
    header = {"x-request-id": "same"}
    ids = {served.http.post(COMPLETIONS, json={"prompt": "hi"}, headers=header
                            ).json()["id"] for _ in range(3)}
    assert len(ids) == 3


def test_row_28_an_interrupt_while_a_stream_is_read_leaves_the_request(
    serve: Serve, served: Served
) -> None:
    tokens = served.client.stream("hi")
    next(tokens)
    threading.Timer(0.01, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        while True:
            next(tokens)
            time.sleep(0.05)
    tokens.close()
    served.until_free()
    assert served.client.generate("hi").text == "a b c"


def test_row_42_what_is_not_here_or_not_built_is_refused_by_name(
    served: Served,
) -> None:
    for path, asked in ((COMPLETIONS, {"prompt": "hi"}), (CHAT, {
        "messages": [{"role": "user", "content": "hi"}]
    })):
        other = served.http.post(path, json={**asked, "model": "gpt-4o"})
        assert other.status_code == 404
        assert other.json()["error"]["code"] == "model_not_found"
        for field, value in (("n", 2), ("logprobs", 5), ("tools", [{}])):
            answer = served.http.post(path, json={**asked, field: value})
            assert answer.status_code == 400
            assert answer.json()["error"]["param"] == field


def test_row_43_what_is_not_there_is_an_error_in_json(served: Served) -> None:
    for method, path, status in (("GET", "/nothing", 404), ("GET", COMPLETIONS, 405),
                                 ("PUT", "/generate", 405), ("POST", "/health", 405)):
        answer = served.http.request(method, path)
        assert answer.status_code == status and answer.json()["error"]["message"]
        assert (status == 405) == ("allow" in answer.headers)


def test_row_44_what_is_too_large_takes_no_slot(
    served: Served, record_property: Figure
) -> None:
    large = served.http.post("/generate", content=b"x" * 50_000_000)
    assert large.status_code == 413
    head = (b"POST /generate HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk, sent = b"8000\r\n" + b" " * 0x8000 + b"\r\n", 0
    with raw(served.url, head) as sock:
        with contextlib.suppress(ConnectionError):  # it hangs up when it has answered
            for sent in range(200):  # noqa: B007
                sock.sendall(chunk)
        assert b" 413 " in read_until(sock, b"\r\n")
    long = request_bytes(b"", "/health", "GET", {"X": "x" * 200_000})
    with raw(served.url) as sock, contextlib.suppress(ConnectionError):
        sock.sendall(long)
        assert read_until(sock, b"\r\n")[9:12] in (b"", b"400")
    assert served.running() == served.waiting() == 0
    record_property("figure", f"cut off after {sent * 0x8000 / 1e6:.1f} MB of chunks")


def test_row_45_who_drips_their_bytes_disturbs_nobody(
    served: Served, record_property: Figure
) -> None:
    head = b"POST /generate HTTP/1.1\r\nHost: localhost\r\n"
    body = head + b"Content-Length: 100\r\n\r\n{"

    def ask() -> float:
        started = time.perf_counter()
        assert served.client.generate("hi").text == "a b c"
        return time.perf_counter() - started

    alone = min(ask() for _ in range(3))
    with ExitStack() as stack:
        drips = [stack.enter_context(raw(served.url, part))
                 for part in (head, body) for _ in range(25)]
        times = []
        for _ in range(3):
            for sock in drips:
                sock.sendall(b"x")
            times.append(ask())
        assert served.waiting() == 0
    assert min(times) < 3 * alone
    record_property("figure", f"{min(times) / alone:.2f} × as long as alone")


def test_row_55_a_silence_is_filled_with_comments_that_clients_ignore(
    served: Served, record_property: Figure
) -> None:
    body = request_bytes({"prompt": "hi", "stream": True})
    with raw(served.url, body) as sock:
        stream = read_until(sock, b"[DONE]")
    assert stream.count(b": still here\n\n") >= 3
    assert [token.text for token in served.client.stream("hi")] == ["a", " b", " c"]
    record_property("figure", f"{stream.count(b': still here')} in 90 ms of silence")


@pytest.mark.parametrize("usage", [True, False])
def test_row_56_the_chunks_of_openais_format_in_its_order(
    served: Served, usage: bool
) -> None:
    answer = served.http.post(COMPLETIONS, json={
        "prompt": "hi", "stream": True, "stream_options": {"include_usage": usage}})
    *chunks, done = events_of(
        "\n\n".join(each for each in answer.text.split("\n\n") if each[:1] != ":"))
    last = chunks.pop() if usage else None
    said = [(chunk["choices"][0]["text"], chunk["choices"][0]["finish_reason"])
            for chunk in chunks]
    assert said == [("a", None), (" b", None), (" c", None), ("", "stop")]
    assert all(("usage" in chunk) == usage for chunk in chunks) and done == "[DONE]"
    if last is not None:
        assert last["choices"] == [] and last["usage"]["total_tokens"] == 5


def test_row_15_health_answers_at_once_while_all_slots_are_taken(
    serve: Serve, served: Served, record_property: Figure
) -> None:
    full = serve(endless(step_ms=20), kind=served.client.health()["runner"],
                 max_batch=1, max_queue=0)
    with raw(full.url, request_bytes({"prompt": "hi", "max_tokens": 90_000,
                                      "stream": True})) as sock:
        read_until(sock, b"data:")
        waits = []
        for _ in range(20):
            started = time.perf_counter()
            assert full.http.get("/health").status_code == 200
            assert full.http.get("/ready").status_code == 503
            waits.append(time.perf_counter() - started)
    waits.sort()
    assert waits[10] < 0.1
    record_property("figure", f"both in {1e3 * waits[10]:.1f} ms, median of 20")
    full.until_free()


def test_row_61_an_error_tells_nothing_of_the_inside(served: Served) -> None:
    answers: list[Any] = [
        served.post(prompt="secret", max_tokens=10**7), served.post(stop=5),
        served.http.get("/nothing/secret"), served.http.post(CHAT, content=b"{secret"),
    ]
    for answer in answers:
        assert answer.status_code >= 400
        assert "secret" not in json.dumps(answer.json())
        assert ".py" not in answer.text
