"""A foreign server runs until it is stopped, and an end of its own is an error."""

import sys
import threading
from pathlib import Path

import httpx
import psutil
import pytest

from lab_utils.peers import foreground, vllm
from lab_utils.peers.checkpoint import free_port
from lab_utils.peers.process import Server, started
from lab_utils.server.serving import ServerError

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
def _stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(foreground.MAKERS, "stays", _made())
    monkeypatch.setitem(foreground.MAKERS, "ends", _made("last"))
    monkeypatch.setattr(foreground, "export", lambda *_: None)


def test_it_says_its_address_and_ends_when_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopped, said = threading.Event(), []
    monkeypatch.setattr(foreground, "stop_signals", lambda: stopped)

    def say(line: str) -> None:
        said.append(line)
        stopped.set()

    foreground.run("stays", "tutor", "float32", 0, say)
    [line] = said
    url = line.partition(" answers at ")[2].split()[0]
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


def test_one_that_ends_by_itself_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreground, "stop_signals", threading.Event)
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
