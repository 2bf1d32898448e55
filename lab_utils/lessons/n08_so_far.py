"""What notebook 08 has made so far, for who starts in its middle."""

import os
from collections.abc import Callable
from statistics import median
from time import perf_counter

import httpx

from lab_utils import BackgroundServer, LabClient, create_app, load_engine, predict
from lab_utils.engine import Engine, FakeEngine
from lab_utils.lessons.n08_slots import Schedule, play, slots_over_steps
from lab_utils.lessons.so_far import made

__all__ = [
    "BackgroundServer", "FakeEngine", "LabClient", "create_app", "httpx", "median",
    "perf_counter", "play", "predict", "slots_over_steps",
]

os.environ["LAB_API_KEY"] = ""  # requests by hand carry no key, on a Hub either


@made
def engine() -> Engine:
    """A model of random parameters, quick and of an honest shape."""
    return load_engine("random:micro")


def admit(waiting: list[str], running: list[str], slots: int) -> None:
    """Whoever waits joins as soon as there is room."""
    while waiting and len(running) < slots:
        running.append(waiting.pop(0))


@made
def joined(admit: Callable[[list[str], list[str], int], None]) -> Schedule:
    """Eight requests in four slots, by that rule."""
    return play(admit)
