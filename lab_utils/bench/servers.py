"""The servers that `bench` compares, each a process of its own: how to start them."""

import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from lab_utils.model.loading import load_model

START_S = 180.0
PORT = re.compile(r"http://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True, slots=True)
class Server:
    """A server to be measured.

    command: starts it. model: what it must be asked for in OpenAI's format, at
    `/v1/completions`; None where it streams at `/generate`. counts_slots: whether its
    `/health` does. url: known beforehand where the server does not print it.
    """

    name: str
    command: tuple[str, ...]
    model: str | None = None
    counts_slots: bool = True
    url: str | None = None


def ours(model: str, dtype: str, runners: list[str]) -> list[Server]:
    """The chosen runners of this project, and the tutorial's server."""
    python = (sys.executable, "-m")
    ours = [
        Server(kind, (*python, "lab_utils", "serve", "--port", "0", "--model",
                          model, "--dtype", dtype, "--runner", kind))
        for kind in runners
    ]
    tutorial = (*python, "lab_utils.baselines.tutorial_server", "--port", "0",
                "--model", model, "--dtype", dtype)
    return [*ours, Server("tutorial", tutorial, counts_slots=False)]


def peers(folder: Path, dtype: str) -> list[Server]:
    """`transformers serve` on the same weights, in both of its modes."""
    made = []
    modes = {"hf serve": (), "hf batching": ("--continuous-batching",)}
    for name, options in modes.items():
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = (str(Path(sys.executable).parent / "transformers"), "serve",
                   str(folder), *options, "--device", "cpu", "--dtype", dtype,
                   "--port", str(port))
        made.append(Server(name, command, str(folder), False,
                               f"http://127.0.0.1:{port}"))
    return made


def export(model: str, dtype: str, folder: Path) -> None:
    """Write `model` where another server can load it; random weights without an end
    token, as they are timed here."""
    network, tokenizer = load_model(model, dtype)  # type: ignore[arg-type]
    if model.startswith("random:"):
        network.generation_config.eos_token_id = network.config.eos_token_id = None
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@contextmanager
def started(server: Server) -> Iterator[str]:
    """Run a server until the end of the `with`; yields its URL once it answers."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(server.command, stdout=log, stderr=log)
        try:
            yield _url(server, process, log)
        finally:
            process.terminate()
            process.wait(10)


def _url(
    server: Server, process: "subprocess.Popen[bytes]", log: Any
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
