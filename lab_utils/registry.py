"""What runs in this process, and which notebook cell started it.

A re-run cell must not leave its first server behind, but two servers in one cell must
both live. So what was started is kept under (cell, execution): starting something stops
what an *earlier* execution of the *same* cell left running.
"""

import contextlib
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Startable(Protocol):
    """What the registry needs to know of a server or a panel."""

    @property
    def is_running(self) -> bool:
        """Whether it works on something now."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something was started: `cell` stays the same when a cell is edited or run
    again (JupyterLab's cell id; elsewhere the cell's text), `execution` does not."""

    cell: str
    execution: str


@dataclass(frozen=True, slots=True)
class _Entry:
    origin: Origin | None
    stop: Callable[[], None]
    replace: Callable[[], None]


_entries: dict[Startable, _Entry] = {}
_lock = threading.Lock()


def running() -> list[Startable]:
    """What runs in this process, oldest first."""
    with _lock:
        return [each for each in _entries if each.is_running]


def add(
    started: Startable,
    stop: Callable[[], None],
    replace: Callable[[], None] | None = None,
) -> None:
    """Remember `started` and the cell that is running now.

    stop: called by `stop_all`. replace: called instead when the cell is run again, if
    there is more to be taken away then, such as what is on the page.
    """
    entry = _Entry(_origin(), stop, replace or stop)
    with _lock:
        _entries[started] = entry


def remove(started: Startable) -> None:
    """Forget `started`."""
    with _lock:
        _entries.pop(started, None)


def replace_previous() -> None:
    """Stop what an earlier run of the current cell started."""
    now = _origin()
    if now is None:
        return
    with _lock:
        previous = [
            entry.replace
            for entry in _entries.values()
            if (then := entry.origin)
            and then.cell == now.cell and then.execution != now.execution
        ]
    for replace in previous:
        # One that had ended by itself says so; whoever starts a new one knows already.
        with contextlib.suppress(RuntimeError):
            replace()


def stop_all() -> None:
    """Stop every server and panel of this process; a lesson's last cell calls it."""
    with _lock:
        stops = [entry.stop for entry in _entries.values()]
    for stop in stops:
        stop()


def _origin() -> Origin | None:
    """The notebook cell that is being executed, or None outside of Jupyter."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None or not hasattr(shell, "get_parent"):
        return None
    parent = shell.get_parent()
    cell = parent.get("metadata", {}).get("cellId") or parent.get("content", {}).get(
        "code", ""
    )
    return Origin(cell, parent.get("header", {}).get("msg_id", ""))
