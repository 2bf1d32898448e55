"""A Jupyter kernel that runs cells one by one, as JupyterLab would."""

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from types import TracebackType
from typing import Any, Self

from jupyter_client.manager import KernelManager
from jupyter_core.utils import ensure_event_loop

from tests.lessons.lesson import NOTEBOOKS

PACE_MS = os.environ.get("LAB_PACE_MS", "5")
START_S = 60

RESET = """
import lab_utils
lab_utils.stop_all()
%reset -f
"""

BEGIN = """
import threading
import lab_utils
threading.before_lesson = threading.enumerate()
"""

LEFT_BEHIND = """
def _left_behind():
    import threading, time
    import psutil
    from lab_utils import registry

    ours = "lab-"
    def remains():
        yield from (f"running {type(each).__name__}" for each in registry.running())
        for thread in threading.enumerate():
            kernels = thread in threading.before_lesson or "asyncio_" in thread.name
            if not kernels and (not thread.daemon or thread.name.startswith(ours)):
                yield f"thread {thread.name}"
        for child in psutil.Process().children(recursive=True):
            command = " ".join(child.cmdline())
            if child.status() != "zombie" and "resource_tracker" not in command:
                yield f"process {command}"

    deadline = time.monotonic() + 3
    while (left := list(remains())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left, f"left behind: {left}"
_left_behind()
"""
"""`asyncio_…` is the kernel's own pool, `resource_tracker` multiprocessing's helper."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a cell: `error` is the exception's name, or empty."""

    error: str
    message: str
    trace: str


class Kernel:
    """A kernel in the folder of the lessons; `environment` adds to this process's."""

    def __init__(self, cwd: Path = NOTEBOOKS, **environment: str) -> None:
        self._manager = KernelManager(kernel_name="python3")
        self._cwd = str(cwd)
        own = {"LAB_PACE_MS": PACE_MS, "HF_HUB_OFFLINE": "1"}
        self._environment = {**os.environ, **own, **environment}

    def __enter__(self) -> Self:
        self._manager.start_kernel(cwd=self._cwd, env=self._environment)
        self._client = self._manager.client()
        self._client.start_channels()
        try:
            self._client.wait_for_ready(timeout=START_S)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()
        ensure_event_loop().close()  # jupyter_client opens one per thread, for good
        asyncio.set_event_loop(None)

    @property
    def pid(self) -> int:
        """The process id of the kernel."""
        process_id: int = self._manager.provisioner.process.pid
        return process_id

    def restart(self) -> None:
        """What **Kernel → Restart Kernel…** does; returns when the new one answers."""
        self._manager.restart_kernel()
        self._client.wait_for_ready(timeout=START_S)

    def close_and_open(self) -> None:
        """Close the notebook's tab, which leaves the kernel, and open it again."""
        self._client.stop_channels()
        self._client = self._manager.client()
        self._client.start_channels()  # no wait for silence: the kernel may be talking

    def run(self, source: str, timeout_s: float = 60) -> Reply:
        """Run one cell; TimeoutError when it has not ended by then."""
        return self.run_all([source], timeout_s)[0]

    def run_interrupted(self, source: str, after_s: float) -> Reply:
        """Run one cell, and press JupyterLab's ■ button while it runs."""
        asked = self._ask(source)
        time.sleep(after_s)
        self._manager.interrupt_kernel()
        return self._replies([asked], [source], time.monotonic() + START_S)[0]

    def run_all(self, sources: list[str], timeout_s: float = 60) -> list[Reply]:
        """Queue all cells at once, as Run All does; one reply each, in their order."""
        asked = [self._ask(source) for source in sources]
        return self._replies(asked, sources, time.monotonic() + timeout_s)

    def _replies(
        self, asked: list[str], sources: list[str], deadline: float
    ) -> list[Reply]:
        replies: dict[str, Reply] = {}
        while len(replies) < len(asked):
            try:
                left_s = max(deadline - time.monotonic(), 0)
                reply: dict[str, Any] = self._client.get_shell_msg(timeout=left_s)
            except Empty:
                missing = next(i for i, ask in enumerate(asked) if ask not in replies)
                first = sources[missing].strip().splitlines()[0]
                message = f"still running after its time was over: {first}"
                raise TimeoutError(message) from None
            parent = reply["parent_header"].get("msg_id")
            if parent in asked:  # not a late answer to the wait for the kernel
                replies[parent] = _reply(reply["content"])
        return [replies[ask] for ask in asked]

    def _ask(self, source: str) -> str:
        message: str = self._client.execute(
            source, allow_stdin=False, stop_on_error=False
        )
        return message


def _reply(content: dict[str, Any]) -> Reply:
    if content["status"] == "ok":
        return Reply("", "", "")
    trace = "\n".join(content.get("traceback", []))
    return Reply(content.get("ename", "Aborted"), content.get("evalue", ""), trace)
