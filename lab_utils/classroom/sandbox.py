"""A process in which somebody's code runs: limited, and gone afterwards.

It has a time limit, a memory limit, an empty folder, no input and no output. It may
still read files and use the network as you may: this protects from accidents, not from
attacks.
"""

import os
import signal
import site
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psutil

from lab_utils.exercises.attempt import LIMIT_S

PREFIX = "lab-class-"
"""How the names of the folders begin in which submissions run."""

MARK = "LAB_CLASS_SANDBOX"
"""By this variable every process is found that a submission has started."""

KEPT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL")
"""What of the environment it sees; keys and tokens are not its business."""

POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """What one submission may take: seconds, all its processes together; bytes of
    memory in one process; seconds for each cell, and for each part of an exercise."""

    seconds: float = 300.0
    memory: int = 2_000_000_000
    step: float = LIMIT_S


def run(module: str, given: Path, limits: Limits) -> str:
    """Run Python's `module` with the file `given` as its input, in an empty folder.

    Returns how it ended, as words behind "it". Whatever it has started is gone then.
    """
    mark = uuid4().hex
    with (TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as empty,
          given.open(encoding="utf-8") as file):
        process = subprocess.Popen(
            [sys.executable, "-m", module], cwd=empty, stdin=file,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=_environment(empty, mark), start_new_session=True,
        )
        try:
            return _watched(process, limits)
        finally:
            _end(process, mark)


def _environment(folder: str, mark: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {
        **kept, MARK: mark, "PYTHONUTF8": "1",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONHASHSEED": "0",  # sets are shown in the same order each time
        "HOME": folder, "USERPROFILE": folder, "TMPDIR": folder, "TEMP": folder,
        "PYTHONUSERBASE": site.getuserbase(), "HF_HUB_OFFLINE": "1",
        "MPLBACKEND": "Agg",
    }


def _watched(process: subprocess.Popen[bytes], limits: Limits) -> str:
    """Wait for its end, or for a limit; how it ended."""
    deadline = time.monotonic() + limits.seconds
    while process.poll() is None:
        if time.monotonic() > deadline:
            return "was still running when the time was over"
        # Where the system knows no such limit (macOS, Windows), this is the only one.
        if _memory(process.pid) > limits.memory:
            return f"took more than {limits.memory // 10**6} MB of memory"
        with suppress(subprocess.TimeoutExpired):
            process.wait(POLL_S)
    return _ending(process.returncode)


def _memory(pid: int) -> int:
    """Bytes of memory that a process holds; 0 if it has just ended."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _ending(status: int) -> str:
    if status >= 0:
        return f"ended Python with exit status {status}"
    try:
        return f"ended Python by {signal.Signals(-status).name}"
    except ValueError:
        return f"ended Python by signal {-status}"


def _end(process: subprocess.Popen[bytes], mark: str) -> None:
    """Kill it, its group, and what has left the group."""
    process.kill()
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for _ in range(20):  # what is being killed may start others
        left = list(_marked(mark))
        for each in left:
            with suppress(psutil.Error):
                each.kill()
        if not left:
            return
        psutil.wait_procs(left, timeout=1)


def _marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter(["environ"]):
        if (process.info["environ"] or {}).get(MARK) == mark:
            yield process
