"""Engines that a child process can make: everything here is importable there."""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
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


def real(model: str) -> Engine:
    """The engine of a real model; "tiny" has random weights, and bytes as tokens."""
    # not above: a child that makes a fake engine would wait seconds for torch
    from lab_utils.engine.loading import load_engine, wrap
    from tests.models import byte_tokenizer, tiny_model

    if model != "tiny":
        return load_engine(model)
    tokenizer = byte_tokenizer()
    tokenizer.eos_token = None
    return wrap(tiny_model(), tokenizer, name="tiny")


@dataclass(frozen=True)
class Remote:
    """An `on_step` that works from any process, since all it knows is in `folder`: it
    counts the steps, and can make one of them hang or fail for as long as is wanted."""

    folder: Path

    def __call__(self, step: int) -> None:
        with (self.folder / "steps").open("ab") as steps:
            steps.write(b"." if step else b"0")
        (self.folder / f"thread {threading.current_thread().name}").touch()
        hangs = [self.folder / f"hang {step}", self.folder / "hang"]
        while any(hang.exists() for hang in hangs):
            time.sleep(0.005)
        if (self.folder / f"fail {step}").exists():
            raise OSError("boom")

    @property
    def steps(self) -> int:
        """How many steps have begun since the last reset; sequences count apart."""
        file = self.folder / "steps"
        return file.stat().st_size if file.exists() else 0

    @property
    def answers(self) -> int:
        """How many answers have begun since the last reset."""
        file = self.folder / "steps"
        return file.read_bytes().count(b"0") if file.exists() else 0

    @property
    def threads(self) -> list[str]:
        """The names of the threads that took a step since the last reset."""
        return [file.name.removeprefix("thread ")
                for file in self.folder.glob("thread *")]

    def hang(self, step: int | None = None) -> None:
        """Let `step` of every answer last until `reset`, or just the next step."""
        (self.folder / ("hang" if step is None else f"hang {step}")).touch()

    def fail(self, step: int) -> None:
        """Let `step` of every answer raise until `reset`."""
        (self.folder / f"fail {step}").touch()

    def reset(self) -> None:
        """Let everything go on, and count from zero."""
        for file in self.folder.iterdir():
            file.unlink(missing_ok=True)
