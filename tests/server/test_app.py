"""The routes: what they answer, and every way to ask wrongly."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from time import perf_counter
from typing import Any

import httpx
import pytest

from lab_utils.engine import FakeEngine
from tests.support import (
    KINDS,
    PATIENCE_S,
    Serve,
    Served,
    endless,
    events_of,
    raw,
    read_until,
    request_bytes,
    status_of,
    wait_until,
)


@pytest.fixture(scope="module")
def plain() -> Iterator[Served]:
    """One server for all the tests that only ask wrongly."""
    with Served(FakeEngine()) as served:
        yield served


@pytest.fixture(scope="module", params=KINDS)
def every_kind(request: pytest.FixtureRequest) -> Iterator[Served]:
    """One per runner, whose context is 20 tokens."""
    with Served(FakeEngine(["x"] * 50, context=20), kind=request.param) as served:
        yield served


@pytest.fixture(scope="module", params=KINDS)
def narrow(request: pytest.FixtureRequest) -> Iterator[Served]:
    """One per runner, which serves one request while another waits."""
    options = {"kind": request.param, "max_batch": 1, "max_queue": 1}
    with Served(endless(), **options) as served:
        yield served


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_says_where_its_time_went(serve: Serve, kind: str) -> None:
    engine = FakeEngine(["x"] * 6, step_ms=20)
    served = serve(engine, kind=kind, max_batch=1)
    body = {"prompt": "hi", "max_tokens": 6}
    before = served.client.stream("hi", max_tokens=6)
    next(before)  # five more steps hold the only slot, where steps are not shared
    sent = perf_counter()
    whole = spans(served.http.post("/generate", json=body))
    took_ms = 1e3 * (perf_counter() - sent)
    assert list(whole) == ["queue", "prefill", "decode"]
    assert whole["prefill"] >= 20 and whole["decode"] >= 5 * 20
    assert kind == "executor" or whole["queue"] > 3 * 20
    assert sum(whole.values()) <= took_ms
    before.close()
    streamed = spans(served.http.post("/generate", json={**body, "stream": True}))
    assert list(streamed) == ["queue", "prefill"] and streamed["prefill"] >= 20


def spans(response: httpx.Response) -> dict[str, float]:
    """The header's names and milliseconds."""
    said = response.headers["Server-Timing"].split(", ")
    return {name: float(ms) for name, ms in (each.split(";dur=") for each in said)}


def test_a_whole_answer_has_every_field(serve: Serve) -> None:
    response = serve(FakeEngine("a b c", step_ms=5)).post()
    answer = response.json()
    assert response.status_code == 200
    times = [answer.pop(name) for name in
             ("prefill_time_ms", "total_time_ms", "tokens_per_second")]
    assert answer == {
        "text": "a b c", "token_ids": [0, 1, 2], "prompt_tokens": 2,
        "completion_tokens": 3, "finish_reason": "stop",
    }
    prefill, total, rate = times
    assert 5 <= prefill < total and total >= 15
    assert rate == pytest.approx(2e3 / (total - prefill), rel=1e-2)


def test_one_token_has_no_rate(serve: Serve) -> None:
    answer = serve(FakeEngine("a b")).post(max_tokens=1).json()
    assert answer["tokens_per_second"] is None
    assert answer["finish_reason"] == "length"


def test_a_stream_has_one_event_per_token_and_then_done(serve: Serve) -> None:
    response = serve(FakeEngine("a b c")).post(stream=True)
    first, second, last, done = events_of(response.text)
    assert list(first) == ["token", "token_id", "prefill_time_ms"]
    assert list(second) == ["token", "token_id", "step_ms"]
    assert list(last) == ["token", "token_id", "step_ms", "finish_reason"]
    assert [event["token"] for event in (first, second, last)] == ["a", " b", " c"]
    assert done == "[DONE]"


def test_a_stream_asks_proxies_to_pass_it_on(plain: Served) -> None:
    headers = plain.post(stream=True).headers
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-cache"
    assert headers["x-accel-buffering"] == "no"


@pytest.mark.parametrize("length", [1, 2, 5])
def test_row_54_a_stream_and_the_whole_answer_agree(
    every_kind: Served, length: int
) -> None:
    fields = {"max_tokens": length, "seed": 1}
    answer = every_kind.post(**fields).json()
    *tokens, _ = events_of(every_kind.post(**fields, stream=True).text)
    assert "".join(token["token"] for token in tokens) == answer["text"]
    assert [token["token_id"] for token in tokens] == answer["token_ids"]
    assert tokens[-1]["finish_reason"] == answer["finish_reason"]


def test_a_browser_gets_the_same_events_by_get(serve: Serve) -> None:
    served = serve(FakeEngine("a b c"))
    query = {"prompt": "hi", "max_tokens": "2", "temperature": "0", "top_p": "0.5",
             "seed": "1", "stop": ["x", "y"]}
    *tokens, done = events_of(served.http.get("/generate", params=query).text)
    assert [token["token"] for token in tokens] == ["a", " b"]
    assert tokens[-1]["finish_reason"] == "length" and done == "[DONE]"


@pytest.mark.parametrize("query", [
    "", "prompt=", "prompt=hi&max_tokens=0", "prompt=hi&max_tokens=x",
    "prompt=hi&temperature=nan", "prompt=hi&temperature=inf", "prompt=hi&top_p=0",
    "prompt=hi&seed=-1", "prompt=hi&stop=", "prompt=hi&stream=true", "prompt=hi&x=1",
    "prompt=hi&max_tokens=" + "9" * 5000, "prompt=hi&max_tokens=5000",
    "prompt=hi&" + "&".join(["stop=x"] * 17),
])
def test_a_wrong_query_is_refused(plain: Served, query: str) -> None:
    assert plain.http.get(f"/generate?{query}").status_code in (400, 422)


def test_what_a_tokenizer_of_bytes_sees_of_a_broken_query(plain: Served) -> None:
    response = plain.http.get("/generate?prompt=%ff%00")
    assert response.status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_health_says_how_the_engine_is(serve: Serve, kind: str) -> None:
    served = serve(endless(name="toy"), kind=kind, max_batch=2)
    assert served.http.get("/health").json() == {
        "status": "ok", "model": "toy", "runner": kind, "running": 0, "waiting": 0,
        "max_batch": 2,
    }
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(raw(served.url, ENDLESS))
        wait_until(lambda: (served.running(), served.waiting()) == (2, 1), "2 and 1")
    served.until_free()


def test_row_15_under_full_load_health_is_200_and_ready_is_503(
    narrow: Served,
) -> None:
    assert narrow.http.get("/ready").status_code == 200
    with raw(narrow.url, ENDLESS), raw(narrow.url, ENDLESS):
        wait_until(lambda: (narrow.running(), narrow.waiting()) == (1, 1), "one each")
        assert narrow.http.get("/health").status_code == 200
        assert narrow.http.get("/ready").status_code == 503
        response = narrow.post(stream=True)
        assert response.status_code == 503 and int(response.headers["retry-after"]) > 0
    wait_until(lambda: narrow.http.get("/ready").status_code == 200, "ready again")
    narrow.until_free()


@pytest.mark.parametrize("stream", [False, True])
def test_row_14_too_many_get_503_as_a_status(narrow: Served, stream: bool) -> None:
    with raw(narrow.url, ENDLESS), raw(narrow.url, ENDLESS):
        wait_until(lambda: (narrow.running(), narrow.waiting()) == (1, 1), "one each")
        responses = [narrow.post(stream=stream) for _ in range(9)]
    for response in responses:
        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
        assert response.json()["error"]["code"] == "overloaded"
    narrow.until_free()


ENDLESS = request_bytes({"prompt": "hi", "max_tokens": 90_000, "stream": True})
INVALID_JSON = [
    b"", b"{", b"hello", b"[]", b"5", b"null", b'"hi"', b'{"prompt": "\xff"}',
    b'{"prompt": "hi"', b"[" * 200_000, b'{"prompt": "hi"}}', b"\x00", b"\xff\xfe",
    b'{"prompt": "\\ud800"}', b'{"\\ud800": 1}', b'{"prompt": "hi", "\\ud800": 1}',
]


@pytest.mark.parametrize("body", INVALID_JSON, ids=lambda body: repr(body)[:20])
def test_row_35_a_body_that_is_no_request_is_refused(
    every_kind: Served, body: bytes
) -> None:
    response = every_kind.http.post(
        "/generate", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code in (400, 422)
    assert set(response.json()) <= {"detail", "error"}


FIELDS = [
    *(f'"temperature": {value}' for value in (
        "NaN", "Infinity", "-Infinity", "1e999", "-1", "2.1", "true", '"0.7"', "null",
        "[]", "1" + "0" * 400)),
    *(f'"top_p": {value}' for value in ("NaN", "0", "1.1", "true", "1e999")),
    *(f'"max_tokens": {value}' for value in (
        "0", "-1", "1.5", "1.0", "true", '"16"', "null", "NaN", "1" + "0" * 4000,
        "1" + "0" * 5000, "9223372036854775808", "9223372036854775807", "1e3")),
    *(f'"seed": {value}' for value in ("-1", "1.5", "true", '"1"', "1e999",
                                       "9223372036854775808")),
    *(f'"stop": {value}' for value in ('""', '[""]', "[1]", "5", "{}", "true",
                                       json.dumps(["x"] * 17), json.dumps("x" * 257))),
    *(f'"stream": {value}' for value in ('"true"', "1", "null")),
    '"prompt": 123', '"prompt": null', '"prompt": ["hi"]', '"prompt": ""', '"n": 2',
    '"messages": []',
]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field[:24])
def test_row_36_38_40_a_wrong_value_is_refused(
    every_kind: Served, field: str
) -> None:
    body = '{"prompt": "hi", ' + field + "}"
    response = every_kind.http.post(
        "/generate", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code in (400, 422)
    assert len(response.content) < 1000


@pytest.mark.parametrize("body", [
    {"temperature": 1e-320}, {"temperature": 1}, {"temperature": 0}, {"top_p": 1e-320},
    {"seed": 2**63 - 1}, {"stop": []}, {"stop": None}, {"stop": "x"}, {"seed": None},
    {"prompt": "\0\u2028\ufeff😀"},
])
def test_the_edges_are_served(every_kind: Served, body: dict[str, Any]) -> None:
    assert every_kind.post(**body).status_code == 200


def test_a_schema_error_names_the_field_and_repeats_no_input(plain: Served) -> None:
    response = plain.post(prompt="secret", max_tokens=0)
    assert response.status_code == 422
    (detail,) = response.json()["detail"]
    assert detail["loc"] == ["body", "max_tokens"] and set(detail) == {
        "type", "loc", "msg"
    }
    assert "secret" not in response.text


@pytest.mark.parametrize("stream", [False, True])
def test_row_39_what_does_not_fit_is_a_400_that_names_both_numbers(
    every_kind: Served, stream: bool
) -> None:
    for fields, numbers in (
        ({"prompt": "0123456789", "max_tokens": 11}, ("20", "10", "11")),
        ({"prompt": "x" * 21}, ("20", "21")),
        ({"prompt": "x" * 20}, ("20",)),
        ({"prompt": "hi", "max_tokens": 128}, ("20", "128")),
    ):
        response = every_kind.post(**fields, stream=stream)
        error = response.json()["error"]
        assert response.status_code == 400
        assert error["code"] == "context_length_exceeded"
        assert error["type"] == "invalid_request_error" and error["param"]
        assert all(number in error["message"] for number in numbers)


def test_a_length_that_was_not_sent_is_lowered_to_the_context(
    every_kind: Served,
) -> None:
    assert every_kind.post(prompt="0123456789").json()["completion_tokens"] == 10
    assert every_kind.post(prompt="0123456789", max_tokens=10).status_code == 200


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/nothing", 404), ("GET", "/v1/nothing", 404), ("GET", "/generate/x", 404),
    ("PUT", "/generate", 405), ("DELETE", "/health", 405), ("POST", "/health", 405),
    ("POST", "/docs", 405), ("POST", "/page/playground/app.js", 405),
    ("GET", "/page/../app.py", 404),
    ("GET", "/page/%2e%2e/app.py", 404), ("GET", "/page/", 404),
])
def test_row_43_what_is_not_there_is_an_error_in_json(
    plain: Served, method: str, path: str, status: int
) -> None:
    response = plain.http.request(method, path)
    assert response.status_code == status
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    if status == 405:
        assert response.headers["allow"]


def test_row_43_every_method_of_a_path_is_allowed(plain: Served) -> None:
    """Two routes may share a path, each for a method of its own."""
    allowed = plain.http.put("/generate").headers["allow"]
    assert sorted(allowed.split(", ")) == ["GET", "POST"]


def test_a_method_that_is_none_is_refused(plain: Served) -> None:
    url = plain.url
    assert status_of(url, request_bytes(method="BREW")) == 405


def test_the_documentation_works_without_the_internet(plain: Served) -> None:
    page = plain.http.get("/docs").text
    urls = re.findall(r"""(?:src|href)=["']([^"']+)""", page)
    assert len(urls) >= 3
    for url in [*urls, "openapi.json"]:
        assert not url.startswith("/") and ":" not in url
        assert plain.http.get(f"/{url}").status_code == 200
    assert "http" not in re.sub(r"https?://127\.0\.0\.1", "", page).replace(
        "http-equiv", "")


def test_openapi_describes_both_ways_to_generate(plain: Served) -> None:
    paths = plain.http.get("/openapi.json").json()["paths"]
    assert {"get", "post"} <= set(paths["/generate"])
    assert {"/health", "/ready"} <= set(paths)


LEAKS = re.compile(r"/work|/root|/home|/usr|\.py\b|site-packages|Traceback|"
                   r"0x[0-9a-f]{6}|line \d+|secret-prompt|boom")


@pytest.mark.parametrize("kind", KINDS)
def test_row_61_no_error_tells_paths_addresses_or_the_prompt(
    serve: Serve, kind: str
) -> None:
    error = OSError("boom in /root/secret.py, line 3")
    served = serve(FakeEngine(fail_at=0, error=error), kind=kind)
    prompt = "secret-prompt"
    bodies = [
        served.post(prompt=prompt), served.post(prompt=prompt, stream=True),
        served.post(prompt=prompt, max_tokens=0), served.post(prompt=prompt * 1000),
        served.post(prompt=prompt, stop=5), served.http.get("/page/../../app.py"),
        served.http.get(f"/generate?prompt={prompt}&top_p=5"),
        served.http.post("/generate", content=b'{"prompt": "secret-prompt'),
        served.http.get("/nothing/secret-prompt"), served.http.put("/generate"),
        served.http.get("/health", headers={"Host": "evil.example"}),
        served.http.post("/generate", content=b"x" * 2_000_000),
    ]
    served.server.stop()
    assert [body.status_code for body in bodies] == [
        500, 500, 422, 400, 422, 404, 422, 422, 404, 405, 400, 413
    ]
    for body in bodies:
        assert not LEAKS.search(body.text), body.text


def test_row_61_an_error_in_the_middle_tells_nothing_either(serve: Serve) -> None:
    error = OSError("boom in /root/secret.py, line 3")
    text = serve(FakeEngine(fail_at=2, error=error)).post(stream=True).text
    assert '"error"' in text and not LEAKS.search(text)


def test_a_prompt_of_a_megabyte_does_not_block_the_others(serve: Serve) -> None:
    gate, reading = threading.Event(), threading.Event()

    class Slow(FakeEngine):
        def encode(self, prompt: str) -> list[int]:
            if len(prompt) > 1000:
                reading.set()
                gate.wait(PATIENCE_S)
            return super().encode(prompt)

    served = serve(Slow(context=10**6))
    long = request_bytes({"prompt": "x" * 990_000})
    with raw(served.url, long) as sock:
        assert reading.wait(PATIENCE_S)
        assert served.http.get("/health").json()["waiting"] == 1
        assert served.post().status_code == 200
        gate.set()
        assert b"200 OK" in read_until(sock, b"\r\n")
