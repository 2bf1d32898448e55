"""curl from a cell: the same with the program and without it."""

import json
import re

import pytest

from lab_utils import BackgroundServer
from lab_utils.engine import FakeEngine
from lab_utils.lessons.n04_curl import by_httpx, curl
from lab_utils.lessons.n04_server import make_app

BODY = ["-H", "Content-Type: application/json", "-d",
        '{"prompt": "Hi", "stream": true}']


def test_it_prints_the_command_and_what_comes(
    capsys: pytest.CaptureFixture[str]
) -> None:
    with BackgroundServer(make_app(FakeEngine("a b"))) as server:
        came = curl("-iN", f"{server.url}/generate", *BODY)
    shown = capsys.readouterr().out
    assert shown.startswith(f"$ curl -iN {server.url}/generate -H 'Content-Type: ")
    assert came in shown and came.startswith("HTTP/1.1 200 OK\n")
    assert "content-type: text/event-stream" in came and "[DONE]" in came


def test_without_curl_the_same_comes() -> None:
    with BackgroundServer(make_app(FakeEngine("a b"))) as server:
        url = f"{server.url}/generate"
        theirs, mine = curl("-iN", url, *BODY), "".join(by_httpx(("-iN", url, *BODY)))
        health = "".join(by_httpx((f"{server.url}/health",)))
    assert json.loads(health) == {"status": "ok"}
    assert timeless(mine) == timeless(theirs)


def timeless(came: str) -> list[str]:
    """Its lines; of the date and of what an event says of its time, the names alone."""
    return [re.sub(r"^date: .*|[\d.]+(?=[,}])", "", line) for line in came.split("\n")]


def test_without_the_program_httpx_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with BackgroundServer(make_app(FakeEngine("a b"))) as server:
        assert curl(f"{server.url}/health") == '{"status":"ok"}'
    assert capsys.readouterr().out.endswith('{"status":"ok"}\n')
