"""Engines that a child process can make: everything here is importable there."""

import os
import time
from typing import Any

from lab_utils.engine import Engine, FakeEngine


def given(model: str, *, engine: Engine) -> Engine:
    """The engine that was sent along."""
    return engine


def endless(model: str, *, step_ms: float = 5) -> Engine:
    """One that goes on for minutes."""
    return FakeEngine(["tick "] * 100_000, step_ms=step_ms, context=10**6)


def missing(model: str) -> Engine:
    """One whose weights are not there."""
    raise FileNotFoundError("no such weights")


def dying(model: str) -> Engine:
    """One whose process ends while it loads, without a word."""
    os._exit(7)


def slow_to_load(model: str) -> Engine:
    """One that needs longer than anybody waits."""
    time.sleep(60)
    raise AssertionError


def hanging(model: str, *, hang_at: int) -> Engine:
    """One that never ends the step `hang_at`."""
    return FakeEngine(["tick "] * 1000, hang_at=hang_at)


def with_options(model: str, **options: Any) -> Engine:
    """A fake engine with any options that can be sent."""
    return FakeEngine(**options)
