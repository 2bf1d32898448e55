"""Attacks on a server in a notebook: each fails, and for the reason that is meant.

What is asked without the attack's one trait is answered; with it, the refusal names it,
and the engine has made nothing. `SECURITY.md` says what is promised.
"""

import ast
import hmac
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from lab_utils.engine import FakeEngine
from lab_utils.runners import Limits, ProcessRunner
from tests import factories
from tests.support import Serve, Served, raw, read_until, request_bytes

HOUSE = Path(__file__).parents[2] / "lab_utils"
KEY = "correct horse"


@pytest.fixture(scope="module")
def engine() -> FakeEngine:
    return FakeEngine("a b c")


@pytest.fixture(scope="module")
def plain(engine: FakeEngine) -> Iterator[Served]:
    """A server as a lesson starts it."""
    with Served(engine) as served:
        yield served


def refused(
    served: Served, engine: FakeEngine, headers: dict[str, str], status: int
) -> str:
    """The body of the refusal of a request with `headers`; without them it is served.
    """
    body = {"prompt": "hi"}
    with raw(served.url, request_bytes(body, headers={})) as sock:
        assert b" 200 OK" in read_until(sock, b"total_time_ms")
    before = engine.made
    with raw(served.url, request_bytes(body, headers=headers)) as sock:
        answer = read_until(sock, b"}}" if status != 422 else b"}]}").decode()
    assert answer.split()[1] == str(status), answer
    assert engine.made == before, "nothing was made for it"
    return answer


def test_row_47_a_name_that_was_rebound_to_loopback(
    plain: Served, engine: FakeEngine
) -> None:
    """A page of evil.example whose name now means 127.0.0.1 is of the same origin."""
    host = f"evil.example:{plain.port}"
    page = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert "host_not_allowed" in refused(plain, engine, page, 400)


def test_row_48_a_page_of_another_site_that_asks_across(
    plain: Served, engine: FakeEngine
) -> None:
    answer = refused(plain, engine, {"Origin": "https://evil.example"}, 400)
    assert "origin_not_allowed" in answer
    assert "access-control" not in answer.lower()


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_row_48_a_form_that_needs_no_preflight(
    plain: Served, engine: FakeEngine, kind: str
) -> None:
    """Some old browsers send no Origin with it."""
    assert '"body"' in refused(plain, engine, {"Content-Type": kind}, 422)


def as_nobody(port: int, key: str) -> str:
    """What another user of this machine gets for a request with `key`."""
    request = request_bytes({"prompt": "hi"}, headers={
        "Authorization": f"Bearer {key}", "Connection": "close"}).decode()
    script = f"exec 3<>/dev/tcp/127.0.0.1/{port}; printf %s \"$REQUEST\" >&3; cat <&3"
    return subprocess.run(
        ["/bin/bash", "-c", script], user=65534, env={"REQUEST": request}, cwd="/",
        capture_output=True, text=True, check=True, timeout=10,
    ).stdout


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0,
                    reason="only root may be another user")
def test_row_50_another_user_of_this_machine(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    monkeypatch.setenv("LAB_API_KEY", KEY)
    monkeypatch.delenv("BINDER_LAUNCH_HOST", raising=False)
    served = serve(engine := FakeEngine("a b c"))
    assert " 200 OK" in as_nobody(served.port, KEY)
    before = engine.made
    answer = as_nobody(served.port, "a guess")
    assert " 401 " in answer and "invalid_api_key" in answer
    assert engine.made == before


def test_row_50_another_machine(plain: Served) -> None:
    listening = [each.laddr.ip for each in psutil.Process().net_connections()
                 if each.status == psutil.CONN_LISTEN and each.laddr.port == plain.port]
    assert listening == ["127.0.0.1"]


def test_row_49_a_key_guessed_letter_by_letter(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How long a comparison takes must not tell how much was right."""
    compared: list[Any] = []

    def watched(shown: bytes, expected: bytes) -> bool:
        if expected == KEY.encode():  # else it is the cookie's
            compared.append(shown)
        return compare(shown, expected)

    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", watched)
    served = serve(FakeEngine(), api_key=KEY)
    for guess in ("correct hors", KEY):
        served.http.get("/ready", headers={"Authorization": f"Bearer {guess}"})
    assert compared == [b"correct hors", KEY.encode()]


UNSAFE = {"pickle", "cPickle", "marshal", "shelve", "dill", "recv_pyobj", "send_pyobj",
          "torch.load", "yaml.load", "exec", "eval", "trust_remote_code"}


def unsafe_names(code: str) -> set[str]:
    """What in `code` runs what others wrote: imports, calls, options that are not off.
    """
    found = set[str]()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {each.name for each in node.names}
            found.add(getattr(node, "module", None) or "")
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            found |= {name, name.rpartition(".")[2] if "pyobj" in name else ""}
            found |= {each.arg or "" for each in node.keywords
                      if ast.unparse(each.value) != "False"}
    return found & UNSAFE


def test_row_26_62_nothing_here_runs_what_came_over_a_wire_or_with_a_model() -> None:
    """Pickles gave vLLM (CVE-2025-32444) and SGLang (CVE-2026-3059) away."""
    for bad in ("import pickle", "from marshal import loads", "socket.recv_pyobj()",
                "torch.load(file)", "load(x, trust_remote_code=True)", "eval(text)"):
        assert unsafe_names(bad)
    assert not unsafe_names("model.eval(); load(x, trust_remote_code=False)")
    # What a class hands in is run on purpose, in a process of its own.
    files = [file for file in HOUSE.rglob("*.py")
             if file != HOUSE / "classroom" / "cells.py"]
    found = {file.name: unsafe_names(file.read_text("utf-8")) for file in files}
    assert len(files) > 100 and not any(found.values()), found


@pytest.mark.skipif(sys.platform == "win32", reason="there it is a port on loopback")
def test_row_26_the_engines_socket_is_no_port() -> None:
    with open(HOUSE / "runners/process/link.py", encoding="utf-8") as file:
        assert "tcp://*" not in (code := file.read()) and "0.0.0.0" not in code
    before = listening_ports()
    runner = ProcessRunner("x", factory=factories.endless).start()
    try:
        assert runner.link is not None
        assert listening_ports() == before
        assert runner.link.home.stat().st_mode & 0o777 == 0o700
    finally:
        runner.stop()


def listening_ports() -> set[int]:
    """Where this process and its children listen."""
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return {each.laddr.port for process in family
            for each in process.net_connections("tcp")
            if each.status == psutil.CONN_LISTEN}


def test_row_44_a_prompt_that_costs_more_than_it_may(plain: Served) -> None:
    small = {"prompt": "x" * 1000}
    assert plain.http.post("/generate", json=small).status_code == 200
    large = plain.http.post("/generate", json={"prompt": "x" * 1_000_000})
    assert large.status_code == 413
    assert "1000000 bytes" in large.json()["error"]["message"]


@pytest.mark.parametrize("field", ["guided_regex", "grammar", "json_schema", "pattern"])
def test_no_pattern_of_a_client_is_compiled(plain: Served, field: str) -> None:
    """One crashed the workers of vLLM (CVE-2025-48944)."""
    for path in ("/generate", "/v1/completions"):
        asked = {"prompt": "hi", field: "((((a+)+)+)+)+$"}
        answer = plain.http.post(path, json=asked)
        assert answer.status_code in (400, 422) and field in answer.text
    stop = plain.post(stop="a")  # a string, and no pattern either
    assert stop.status_code == 200 and plain.post(stop=".*").status_code == 200


def test_row_13_a_reader_who_stops_reading_is_not_waited_for_for_ever() -> None:
    limits = Limits()
    assert limits.reader_s <= 30 and limits.request_s <= 300 and limits.queue_s <= 30
    assert limits.unread_tokens <= 256 and limits.body_bytes <= 1_000_000
