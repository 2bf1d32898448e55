"""Thousands of requests, of all kinds, a third of them aborted: what is left of them?

    python -m tests.faults.soak                   # 5 000 requests to each runner
    python -m tests.faults.soak --requests 500 --seed 7 --runners process

Each runner serves the embedded model from a process of its own, as `python -m lab_utils
serve` starts it. What it holds is looked at after the first tenth, when everything has
been used, and at the end: memory (of the engine's process, too), threads, files.
"""

import argparse
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil

from lab_utils import LabClient
from lab_utils.bench.table import text_table
from tests.support import KINDS, raw, read_until, request_bytes, reset, wait_until

ABORTED = 0.3
AT_ONCE = 16
TOKENS = 20
WARM_UP = 60
POOL = min(32, (os.cpu_count() or 1) + 4)
"""asyncio's own pool has so many threads once they all were needed at the same time."""

SILENT_S = 60.0
"""Longer than the server lets anyone wait for a slot."""

FLAT = 1.05
"""How much more than after the first tenth may be held at the end."""

TURNS = [{"role": "user", "content": "hi"}]
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "generate": ("/generate", {"prompt": "hi"}),
    "generate, stream": ("/generate", {"prompt": "hi", "stream": True}),
    "completions": ("/v1/completions", {"prompt": ["hi", "you"]}),
    "completions, stream": ("/v1/completions", {"prompt": "hi", "stream": True}),
    "chat": ("/v1/chat/completions", {"messages": TURNS}),
    "chat, stream": ("/v1/chat/completions", {"messages": TURNS, "stream": True}),
}
REQUESTS = {
    **{name: request_bytes({**body, "max_tokens": TOKENS}, path,
                           headers={"Connection": "close"})
       for name, (path, body) in BODIES.items()},
    "browser": request_bytes(b"", f"/generate?prompt=hi&max_tokens={TOKENS}", "GET",
                             headers={"Connection": "close"}),
}


@dataclass(frozen=True, slots=True)
class Held:
    """What a server and its engine's process hold: memory in MB, and how many threads
    and open files."""

    memory_mb: float
    threads: int
    files: int

    @classmethod
    def by(cls, process: psutil.Process) -> "Held":
        """What `process` and its children hold now."""
        family = [process, *process.children(recursive=True)]
        return cls(
            sum(each.memory_info().rss for each in family) / 1e6,
            sum(each.num_threads() for each in family),
            sum(_open_files(each) for each in family),
        )

    def is_flat(self, before: "Held") -> bool:
        """Whether this is no more than `before`."""
        return (self.memory_mb <= FLAT * before.memory_mb + 2
                and self.threads <= before.threads + POOL
                and self.files <= before.files)


def _open_files(process: psutil.Process) -> int:
    windows = sys.platform == "win32"
    return int(process.num_handles() if windows else process.num_fds())


@dataclass(frozen=True, slots=True)
class Soaked:
    """How a soak went: the endings of its requests, what was held early and late."""

    endings: Counter[str]
    early: Held
    late: Held
    seconds: float

    @property
    def held(self) -> bool:
        """Whether every answer was whole and nothing was left."""
        return set(self.endings) <= {"answered", "left"} and self.late.is_flat(
            self.early)


def soak(url: str, requests: int, seed: int, process: psutil.Process) -> Soaked:
    """Ask the server at `url`, which runs in `process`, `requests` times."""
    chance, endings, started = random.Random(seed), Counter[str](), time.monotonic()

    def wave(count: int) -> Held:
        plans = [(chance.choice(list(REQUESTS)), chance.random() < ABORTED,
                  chance.randrange(400), chance.choice(LEAVING)) for _ in range(count)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            endings.update(pool.map(lambda plan: one(url, *plan), plans))
        with LabClient(url, timeout=10) as client:
            wait_until(lambda: not client.health()["running"], "no slot is taken")
        return Held.by(process)

    warm = max(WARM_UP, requests // 10)
    first, last = wave(warm), wave(requests - warm)
    # The last connections close a moment after their requests have ended.
    end = time.monotonic() + 5
    while not last.is_flat(first) and time.monotonic() < end:
        time.sleep(0.1)
        last = Held.by(process)
    return Soaked(endings, first, last, time.monotonic() - started)


def half_close(sock: socket.socket) -> None:
    """Say no more, and read nothing either."""
    sock.shutdown(socket.SHUT_WR)


Leave = Callable[[socket.socket], None]
LEAVING: list[Leave] = [socket.socket.close, reset, half_close]


def one(url: str, name: str, leaves: bool, after: int, leave: Leave) -> str:
    """Ask once, or leave after so many bytes of the answer; how it ended."""
    with raw(url, REQUESTS[name]) as sock:
        sock.settimeout(SILENT_S)
        try:
            if leaves:
                if after % 2:
                    sock.recv(after)
                leave(sock)
                return "left"
            return verdict(read_until(sock, b"never"))
        except TimeoutError:
            return f"{name}: silent"


def verdict(answer: bytes) -> str:
    """Whether `answer` is a whole one; else its status."""
    status = answer.split(b" ", 2)[1].decode()
    ended = re.search(rb'"finish_reason": ?"', answer) and (
        b"text/event-stream" not in answer or b"data: [DONE]\n\n" in answer)
    return "answered" if status == "200" and ended else f"status {status}"


@contextmanager
def serving(kind: str) -> Iterator[tuple[str, psutil.Process]]:
    """`lab_utils serve` with the embedded model; its address and its process. Raises
    `RuntimeError` in the end if its log tells of an error."""
    command = [sys.executable, "-m", "lab_utils", "serve", "--port", "0", "--runner",
               kind, "--max-queue", "64"]
    with tempfile.TemporaryFile("w+") as log, subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=log, text=True
    ) as program:
        assert program.stdout is not None
        try:
            yield program.stdout.readline().split()[3], psutil.Process(program.pid)
        finally:
            program.terminate()
        program.wait()
        log.seek(0)
        if "Traceback" in (said := log.read()):
            raise RuntimeError(f"{kind} logged an error:\n{said[-2000:]}")


def main(arguments: list[str] | None = None) -> int:
    """Soak each runner and print what was seen; 1 if one of them leaks."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak")
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=63)
    parser.add_argument("--runners", nargs="+", choices=KINDS, default=KINDS)
    options = parser.parse_args(arguments)
    rows = [["runner", "ended", "s", "MB", "threads", "files", "flat"]]
    leaks = False
    for kind in options.runners:
        with serving(kind) as (url, process):
            soaked = soak(url, options.requests, options.seed, process)
        rows.append([kind, *shown(soaked)])
        print(text_table(rows[-1:]), flush=True)
        leaks |= not soaked.held
    print(f"\n{text_table(rows)}")
    return int(leaks)


def shown(soaked: Soaked) -> list[str]:
    """The columns of one row."""
    early, late = soaked.early, soaked.late
    return [
        ", ".join(f"{count} {name}" for name, count in soaked.endings.most_common()),
        f"{soaked.seconds:.0f}", f"{early.memory_mb:.0f} → {late.memory_mb:.0f}",
        f"{early.threads} → {late.threads}", f"{early.files} → {late.files}",
        "yes" if soaked.held else "NO",
    ]


if __name__ == "__main__":
    sys.exit(main())
