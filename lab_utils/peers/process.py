"""A server as a process of its own: started, awaited until it answers, and ended."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import httpx
import psutil

from lab_utils.server.serving import ServerError

START_S = 180.0
STOP_S = 10.0
PORT = re.compile(r"http://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True, slots=True)
class Server:
    """A server to be measured.

    command: starts it; empty if it runs already. model: what it must be asked for in
    OpenAI's format, at `/v1/completions`, "" where it need not be named; None where it
    streams at `/generate`. counts_slots: whether its `/health` does. url: known
    beforehand where the server does not print it. environment: what it is to find
    there besides.
    """

    name: str
    command: tuple[str, ...]
    model: str | None = None
    counts_slots: bool = True
    url: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Started:
    """A server that answers at `url`.

    ready_s: seconds from its start to its first answer; None, as `process`, if somebody
    else has started it.
    """

    server: Server
    url: str
    process: "subprocess.Popen[str] | None" = None
    ready_s: float | None = None

    def memory_mib(self) -> float | None:
        """What its processes hold now (resident; what they share counts for each)."""
        if self.process is None:
            return None
        main, held = psutil.Process(self.process.pid), 0
        for each in (main, *main.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # it has just ended
                held += each.memory_info().rss
        return held / 2**20


@contextmanager
def started(server: Server) -> Iterator[Started]:
    """Run a server until the end of the `with`; yields it once it answers.

    Raises `ServerError`, with its last lines, if it does not come up in time.
    """
    if not server.command:
        assert server.url is not None
        yield Started(server, server.url)
        return
    before, process = _children(), None
    with tempfile.TemporaryFile("w+") as log:
        began = perf_counter()
        try:
            process = subprocess.Popen(
                server.command, stdout=log, stderr=log, text=True,
                env=os.environ | server.environment,
            )
            url = _url(server, process, log)
            yield Started(server, url, process, perf_counter() - began)
        finally:
            # Ctrl-C within Popen leaves a process that has no name here.
            for each in [process] if process else _children() - before:
                _end(each)


def _children() -> set[psutil.Process]:
    return set(psutil.Process().children())


def _end(process: "subprocess.Popen[str] | psutil.Process") -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
        process.kill()
        process.wait(STOP_S)


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
    raise ServerError(f"{server.name} did not come up:\n{log.read()[-2000:]}")


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
