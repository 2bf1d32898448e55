"""A server as a process of its own: started, awaited until it answers, and ended."""

import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

START_S = 180.0
PORT = re.compile(r"http://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True, slots=True)
class Server:
    """A server to be measured.

    command: starts it; empty if it runs already. model: what it must be asked for in
    OpenAI's format, at `/v1/completions`, "" where it need not be named; None where it
    streams at `/generate`. counts_slots: whether its `/health` does. url: known
    beforehand where the server does not print it.
    """

    name: str
    command: tuple[str, ...]
    model: str | None = None
    counts_slots: bool = True
    url: str | None = None


@contextmanager
def started(server: Server) -> Iterator[str]:
    """Run a server until the end of the `with`; yields its URL once it answers."""
    if not server.command:
        assert server.url is not None
        yield server.url
        return
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(server.command, stdout=log, stderr=log, text=True)
        try:
            yield _url(server, process, log)
        finally:
            process.terminate()
            process.wait(10)


def _url(
    server: Server, process: "subprocess.Popen[str]", log: Any
) -> str:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        log.seek(0)
        found = PORT.search(log.read())
        url = server.url or (f"http://127.0.0.1:{found[1]}" if found else None)
        if url and _answers(url):
            return url
        time.sleep(0.1)
    log.seek(0)
    raise RuntimeError(f"{server.name} did not come up:\n{log.read()[-2000:]}")


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
