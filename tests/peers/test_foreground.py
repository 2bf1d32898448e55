"""A foreign server runs until it is stopped, and an end of its own is an error."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from lab_utils.peers import foreground, transformers_serve, vllm
from lab_utils.peers.checkpoint import free_port
from lab_utils.peers.process import Server, started
from lab_utils.server.serving import ServerError
from tests.support import PATIENCE_S

ANSWERS = """
import sys, http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200), self.end_headers()
        if "last" in sys.argv: sys.stdout.flush(), __import__("os")._exit(3)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def _made(*more: str) -> foreground.Maker:
    def make(folder: Path, dtype: str, port: int) -> Server:
        command = (sys.executable, "-c", ANSWERS, str(port), *more)
        return Server("stand-in", command, "model", False, f"http://127.0.0.1:{port}")

    return make


@pytest.fixture(autouse=True)
def _stand_ins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setitem(foreground.MAKERS, "stays", _made())
    monkeypatch.setitem(foreground.MAKERS, "ends", _made("last"))
    monkeypatch.setattr(foreground, "export", lambda *_: None)
    yield
    signal.signal(signal.SIGTERM, before)


def _children() -> list[psutil.Process]:
    return list(psutil.Process().children())


def test_it_says_its_address_and_is_ended_by_an_interrupt() -> None:
    said, before = list[str](), _children()

    def say(line: str) -> None:
        said.append(line)
        url = line.partition(" answers at ")[2].split()[0]
        assert httpx.get(url, trust_env=False).status_code == 200
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        foreground.run("stays", "tutor", "float32", 0, say)
    assert len(said) == 1 and _children() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_stops_it_while_it_starts_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    before, make = _children(), subprocess.Popen

    def never(folder: Path, dtype: str, port: int) -> Server:
        return Server("never", (sys.executable, "-c", "import time; time.sleep(99)"),
                      "model", False, f"http://127.0.0.1:{port}")

    def stopped_while_made(*given: Any, **named: Any) -> "subprocess.Popen[str]":
        made.append(make(*given, **named))
        os.kill(os.getpid(), number)  # the earliest moment: nobody knows it yet
        return made[0]

    made: list[subprocess.Popen[str]] = []
    monkeypatch.setattr(subprocess, "Popen", stopped_while_made)
    monkeypatch.setitem(foreground.MAKERS, "never", never)
    with pytest.raises(KeyboardInterrupt):
        foreground.run("never", "tutor", "float32", 0, lambda _: None)
    assert _children() == before
    assert made[0].wait(PATIENCE_S) is not None


def test_one_that_ends_by_itself_is_an_error() -> None:
    with pytest.raises(ServerError, match="ends has ended by itself"):
        foreground.run("ends", "tutor", "float32", 0, lambda _: None)


def test_memory_and_time_until_ready_are_those_of_its_processes() -> None:
    with started(_made()(Path(), "float32", free_port())) as up:
        assert up.process is not None and up.ready_s is not None
        held = psutil.Process(up.process.pid).memory_info().rss / 2**20
        assert up.memory_mib() == pytest.approx(held, rel=0.2)


def test_vllm_is_told_where_the_weights_are_and_how_many_slots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "vllm").touch()
    monkeypatch.setattr(vllm, "HOME", tmp_path)
    server = vllm.server(tmp_path / "weights", "bfloat16", 8000)
    assert server.command[:3] == (str(tmp_path / "bin" / "vllm"), "serve",
                                  str(tmp_path / "weights"))
    assert "bfloat16" in server.command and server.url == "http://127.0.0.1:8000"


def test_what_transformers_serve_lacks_is_named_before_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transformers_serve, "find_spec", lambda _: None)
    with pytest.raises(ServerError, match=r"needs .*accelerate.* `make peers`"):
        transformers_serve.servers(tmp_path, "float32")
