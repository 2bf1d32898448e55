"""Which servers run in this process, and which notebook cell started them.

A re-run cell must not leave its first server behind, but two servers in one cell must
both live. So servers are kept under (cell, execution): starting one stops those that an
*earlier* execution of the *same* cell left running.
"""

import contextlib
import sys
import threading
from dataclasses import dataclass
from typing import Protocol


class Server(Protocol):
    """What the registry needs to know of a server."""

    @property
    def url(self) -> str:
        """Where it answers."""

    def stop(self) -> None:
        """End it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a server was started: `cell` stays the same when a cell is edited or run
    again (JupyterLab's cell id; elsewhere the cell's text), `execution` does not."""

    cell: str
    execution: str


_servers: dict[Server, Origin | None] = {}
_lock = threading.Lock()


def running() -> list[Server]:
    """The servers of this process, oldest first."""
    with _lock:
        return list(_servers)


def add(server: Server) -> None:
    """Remember `server` and the cell that is running now."""
    origin = _origin()
    with _lock:
        _servers[server] = origin


def remove(server: Server) -> None:
    """Forget `server`."""
    with _lock:
        _servers.pop(server, None)


def replace_previous(server: Server) -> None:
    """Stop what an earlier run of the current cell started."""
    now = _origin()
    if now is None:
        return
    with _lock:
        previous = [
            other
            for other, then in _servers.items()
            if then and then.cell == now.cell and then.execution != now.execution
        ]
    for other in previous:
        # One that had ended by itself says so; whoever starts a new one knows already.
        with contextlib.suppress(RuntimeError):
            other.stop()


def stop_all() -> None:
    """Stop every server of this process; the last cell of a lesson calls it."""
    for server in running():
        server.stop()


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
