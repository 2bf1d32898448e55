"""What most tests share: a running server with a client, and a watch for leaks."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support import Serve, Served, wait_until

OURS = ("server-", "engine-", "wsgi-", "pinger")


def our_threads() -> list[str]:
    """The names of this project's threads that are alive."""
    return [thread.name for thread in threading.enumerate()
            if thread.name.startswith(OURS)]


@pytest.fixture(autouse=True)
def own_pace(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """CI paces the lessons by LAB_PACE_MS; engines of unit tests set their own."""
    lessons = "browser" in request.path.parts or "notebook" in request.path.name
    if not lessons:
        monkeypatch.delenv("LAB_PACE_MS", raising=False)


@pytest.fixture(autouse=True)
def no_thread_stays_behind() -> Iterator[None]:
    """Every test ends its servers, and ending a server ends its threads."""
    before = our_threads()
    yield
    wait_until(lambda: len(our_threads()) <= len(before), f"gone: {our_threads()}")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server for an engine or an app; stopped when the test ends."""
    with ExitStack() as stack:
        yield lambda app, **options: stack.enter_context(Served(app, **options))
