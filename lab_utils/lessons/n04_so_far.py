"""What notebook 04 has made so far, for who starts in its middle."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

from lab_utils import BackgroundServer, LabClient, create_app, predict
from lab_utils.engine import Engine, FakeEngine
from lab_utils.lessons.n04_heartbeat import heartbeat, watch
from lab_utils.lessons.n04_loops import (
    END,
    blocking,
    in_executor,
    polite,
    streaming_app,
    ticking_engine,
)
from lab_utils.lessons.n04_pulse import Pulse
from lab_utils.lessons.n04_server import make_app
from lab_utils.lessons.so_far import made
from lab_utils.runners import ExecutorRunner, ThreadRunner

__all__ = [
    "END", "BackgroundServer", "ExecutorRunner", "FakeEngine", "LabClient",
    "ThreadRunner", "asyncio", "blocking", "create_app", "heartbeat", "in_executor",
    "make_app", "perf_counter", "polite", "predict", "streaming_app", "watch",
]


@made
def engine() -> FakeEngine:
    """Ten tokens, 50 ms of sleep for each."""
    return ticking_engine()


@made
def frozen(engine: Engine, blocking: Any) -> Pulse:
    """The pulse of a server whose loop takes the steps."""
    return _run(watch("blocking call", streaming_app(engine, blocking)))


@made
def half(engine: Engine, polite: Any) -> Pulse:
    """The pulse of one whose loop turns once between two steps."""
    return _run(watch("sleep(0)", streaming_app(engine, polite)))


def _run(pulse: Coroutine[Any, Any, Pulse]) -> Pulse:
    """Wait for it on a loop of its own; the notebook's is busy running the cell."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, pulse).result()
