"""One line per request, which no client can forge and no key gets into."""

import logging

import pytest

from lab_utils.engine import FakeEngine
from lab_utils.server.access_log import LONGEST_PATH, escape
from tests.support import (
    Serve,
    Served,
    endless,
    raw,
    read_until,
    request_bytes,
    wait_until,
)


def lines_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Method, path and status of each request that was logged."""
    return [record.getMessage().rsplit(" ", 3)[0] for record in caplog.records
            if record.name == "lab_utils.access"]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "lab_utils.access")
    return caplog


def test_every_request_but_the_probes_has_its_line(
    serve: Serve, log: pytest.LogCaptureFixture
) -> None:
    served = serve(FakeEngine(fail_at=1))
    ask_everything(served)
    wait_until(lambda: len(lines_of(log)) == 4, "four lines")
    assert lines_of(log) == [
        "POST /generate 200", "POST /generate 500", "GET /nothing 404",
        "POST /generate 422",
    ]


def ask_everything(served: Served) -> None:
    """A stream that fails, an answer that fails, a wrong path, a wrong body, probes."""
    served.post(stream=True)
    served.post()
    served.http.get("/health")
    served.http.get("/ready")
    served.http.get("/nothing")
    served.post(max_tokens=0)


def test_who_leaves_before_the_answer_is_a_499(
    serve: Serve, log: pytest.LogCaptureFixture
) -> None:
    served = serve(endless())
    with raw(served.url, request_bytes({"prompt": "hi", "max_tokens": 90_000})):
        wait_until(lambda: served.running() == 1, "it runs")
    wait_until(lambda: lines_of(log), "a line")
    assert lines_of(log) == ["POST /generate 499"]


def test_a_request_cannot_forge_a_line_or_show_a_key(
    serve: Serve, log: pytest.LogCaptureFixture
) -> None:
    served = serve(FakeEngine(), api_key="sesame")
    for path in ("/a%0AGET%20/forged%20200", "/%1b[2J", "/docs?token=sesame", "/%ff"):
        with raw(served.url, request_bytes(b"", path, "GET")) as sock:
            read_until(sock, b"\r\n\r\n")
    wait_until(lambda: len(lines_of(log)) == 4, "four lines")
    assert lines_of(log) == [
        r"GET /a\nGET /forged 200 401", r"GET /\x1b[2J 401", "GET /docs 303",
        r"GET /\ufffd 401",
    ]


def test_a_line_has_the_name_of_its_request_and_nothing_of_what_was_said(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    served = serve(FakeEngine("whispered words", name="toy", fail_at=2))
    turns = [{"role": "user", "content": "sesame"}]
    for stream in (True, False):
        for path, body in (
            ("/generate", {"prompt": "sesame"}),
            ("/v1/completions", {"prompt": "sesame"}),
            ("/v1/completions", {"prompt": "sesame", "user": 5}),
            ("/v1/chat/completions", {"messages": turns}),
            ("/v1/chat/completions", {"messages": turns, "sesame": 1}),
            ("/v1/chat/completions", {"messages": turns, "model": "sesame"}),
        ):
            served.http.post(path, json={**body, "stream": stream},
                             headers={"x-request-id": "mine-1"})
    wait_until(lambda: len(lines_of(caplog)) == 12, "twelve lines")
    lines = [record.getMessage() for record in caplog.records
             if record.name == "lab_utils.access"]
    assert all(line.endswith(" s mine-1") for line in lines)
    assert "sesame" not in caplog.text and "whispered" not in caplog.text


def test_a_long_path_is_cut() -> None:
    assert len(escape("/" + "x" * 1000)) == LONGEST_PATH
    assert escape("/x") == "/x"
