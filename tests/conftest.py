"""What most tests share: a running server with a client, and a watch for leaks."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported

import multiprocessing
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest

from lab_utils import stop_all
from tests.support import Cell, Serve, Served, wait_until

OURS = "lab-"


def ours() -> list[str]:
    """The names of this project's threads and processes that are alive."""
    threads = [thread.name for thread in threading.enumerate()]
    processes = [child.name for child in multiprocessing.active_children()]
    return [name for name in threads + processes if name.startswith(OURS)]


@pytest.fixture(autouse=True)
def own_pace(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """CI paces the lessons by LAB_PACE_MS; engines of unit tests set their own."""
    lessons = "browser" in request.path.parts or "notebook" in request.path.name
    if not lessons:
        monkeypatch.delenv("LAB_PACE_MS", raising=False)


@pytest.fixture(autouse=True)
def own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The props of lessons that ask by hand set it, as soon as they are imported."""
    monkeypatch.delenv("LAB_API_KEY", raising=False)


@pytest.fixture(autouse=True)
def nothing_stays_behind() -> Iterator[None]:
    """Every test ends its servers, and with them their threads and processes."""
    before = ours()
    yield
    wait_until(lambda: len(ours()) <= len(before), f"gone: {ours()}")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server for an engine or an app; stopped when the test ends."""
    with ExitStack() as stack:
        yield lambda app, **options: stack.enter_context(Served(app, **options))


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cell]:
    """A notebook that runs cells: `cell("id")` is the next execution of that cell."""
    state: dict[str, Any] = {"number": 0}

    def execute(cell_id: str) -> None:
        state["number"] += 1
        state["parent"] = {"metadata": {"cellId": cell_id}, "content": {"code": "x"},
                           "header": {"msg_id": f"execution-{state['number']}"}}

    shell = SimpleNamespace(get_parent=lambda: state["parent"])
    module = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", module)
    execute("first")
    yield execute
    stop_all()
