"""The command line, as a process of its own: one line, clean ends, clear errors."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from fastapi import FastAPI

from lab_utils import LabClient, cli
from lab_utils.cli import main
from tests.models import save_checkpoint
from tests.support import PATIENCE_S, raw, read_until, request_bytes, wait_until

START_S = 60.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that loads at once."""
    return save_checkpoint(tmp_path_factory.mktemp("models") / "tiny")


@contextmanager
def command(*arguments: object, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m lab_utils ARGUMENTS`, killed if it is still there at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lab_utils", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **environment},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def url_of(process: subprocess.Popen[str]) -> str:
    """The address in the one line that a server prints when it answers."""
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    assert found, line
    return found.group()


@pytest.mark.program
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_and_then_ends_cleanly(
    folder: Path, number: signal.Signals
) -> None:
    arguments = ["serve", "--port", 0, "--model", folder, "--pace-ms", 20]
    with command(*arguments) as process:
        url = url_of(process)
        with LabClient(url, timeout=PATIENCE_S) as client:
            assert client.health()["model"] == "tiny"
            assert len(list(client.stream("hi", max_tokens=5, temperature=0))) == 5
        body = {"prompt": "hi", "max_tokens": 120, "stream": True,
                "temperature": 0}
        with raw(url, request_bytes(body)) as sock:
            read_until(sock, b"data:")
            process.send_signal(number)
            rest = read_until(sock, b"[DONE]")
            status = process.wait(PATIENCE_S)  # 2 s are promised on an idle machine
        out, err = process.communicate()
        assert status == 0, err
        assert b"being stopped" in rest and b"[DONE]" in rest
        assert out == "" and "Traceback" not in err


@pytest.mark.program
def test_a_signal_while_it_loads_ends_it_cleanly() -> None:
    with command("serve", "--port", 0, "--model", "random:135m") as process:
        child = psutil.Process(process.pid)
        wait_until(child.net_connections, "it listens, and loads", START_S)
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_S) == 0


@pytest.mark.program
def test_a_key_guards_what_others_can_reach(folder: Path) -> None:
    arguments = ["serve", "--port", 0, "--model", folder, "--host", "0.0.0.0"]
    with command(*arguments, LAB_API_KEY="sesame") as process:
        url = url_of(process).replace("0.0.0.0", "127.0.0.1")
        with LabClient(url, api_key="sesame") as client:
            answer = client.generate("hi", max_tokens=2, temperature=0)
            assert answer.completion_tokens == 2
        with raw(url, request_bytes(b"", "/docs?token=sesame", "GET")) as sock:
            assert b" 303 " in read_until(sock, b"\r\n")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE_S)
        assert "sesame" not in out + err


@pytest.mark.parametrize(("given", "said"), [(None, True), ("mine", False), ("", False)]
                         )
def test_on_a_hub_a_key_that_was_made_is_said(
    given: str | None, said: bool, folder: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def make_server(app: FastAPI, on_started: Callable[[], None]) -> SimpleNamespace:
        apps.append(app)
        return SimpleNamespace(run=lambda sockets: on_started())

    apps: list[FastAPI] = []
    monkeypatch.setattr(cli, "make_server", make_server)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    monkeypatch.setenv("LAB_API_KEY", given or "")
    if given is None:
        monkeypatch.delenv("LAB_API_KEY")
    assert main(["serve", "--port", "0", "--model", str(folder)]) == 0
    out, key = capsys.readouterr().out, apps[0].state.api_key
    assert "answers at http://127.0.0.1:" in out
    assert ("asks for the API key" in out) == said
    assert key == (given or None) or (said and len(key) >= 32 and key in out)


def test_row_33_a_taken_port_is_an_error_that_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    assert f"port {port} is taken" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "lab.example"])
def test_beyond_this_machine_a_key_is_required(
    host: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAB_API_KEY", raising=False)
    assert main(["serve", "--host", host]) == 2
    assert "--api-key" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "word"), [
    (["--model", "./missing"], "missing"), (["--model", "random:huge"], "micro"),
    (["--model", "nobody/no-such-model"], "no-such-model"),
])
def test_a_model_that_is_not_there_is_an_error_of_one_line(
    arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--port", "0", *arguments]) == 2
    error = capsys.readouterr().err
    assert word in error and "Traceback" not in error and error.count("\n") == 1


@pytest.mark.parametrize(("arguments", "word"), [
    (["--pace-ms", "-1"], "pace_ms"), (["--pace-ms", "nan"], "pace_ms"),
    (["--max-batch", "0"], "max_batch"), (["--max-queue", "-1"], "max_queue"),
])
def test_impossible_numbers_are_refused(
    folder: Path, arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--port", "0", "--model", str(folder), *arguments]) == 2
    assert word in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [
    [], ["nothing"], ["serve", "--port", "x"], ["serve", "--port", "65536"],
    ["serve", "--port", "-1"], ["serve", "--runner", "none"], ["serve", "--dtype", "x"],
    ["serve", "--max-batch", "x"],
    ["class"], ["class", "grade", "x"],
    ["class", "grade", "x", "--out", "y", "--seconds", "0"],
    ["class", "grade", "x", "--out", "y", "--memory-mb", "inf"],
    ["class", "grade", "x", "--out", "y", "--lessons", "9"],
])
def test_what_is_no_command_shows_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_the_help_does_not_show_the_key(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_API_KEY", "sesame")
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    shown = capsys.readouterr().out
    assert "--api-key" in shown and "sesame" not in shown


def test_the_demo_streams_and_measures_the_four_rows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_PACE_MS", "2")
    assert main(["demo", "--max-tokens", "8", "--prompt", "Tell me a story."]) == 0
    shown = capsys.readouterr().out
    for row in ("Time to first visible token", "Total generation time",
                "Slowest /health meanwhile", "Tokens made after the client left"):
        assert row in shown
    assert "Flask, one thread" in shown and "FastAPI, streaming" in shown


def test_a_demo_of_one_token_is_a_demo(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_PACE_MS", "0")
    assert main(["demo", "--max-tokens", "1"]) == 0
    assert "1 tokens" in capsys.readouterr().out
