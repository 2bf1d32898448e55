"""What notebook 01 has made so far, for who starts in its middle."""

from collections.abc import Iterator
from time import perf_counter
from typing import Any

import httpx
from flask import Flask

from lab_utils import BackgroundServer, predict, record, sse
from lab_utils.baselines import create_flask_app
from lab_utils.engine import Engine, FakeEngine
from lab_utils.lessons.n01_turns import spans, turns
from lab_utils.lessons.so_far import made
from lab_utils.plots import lanes

__all__ = [
    "BackgroundServer", "FakeEngine", "create_flask_app", "flask_app", "httpx", "lanes",
    "perf_counter", "pieces", "predict", "record", "spans", "sse", "take_turns",
    "turns",
]


def take_turns(jobs: list[Iterator[Any]]) -> None:
    """Let each of `jobs` run to its next pause, in turns, until all are over."""
    while jobs:
        first = jobs.pop(0)
        try:
            next(first)
        except StopIteration:
            continue
        jobs.append(first)


def pieces(engine: Engine) -> Iterator[bytes]:
    """Each token of an answer as an event, then the mark that it is over."""
    for token in engine.generate_stream("Hello"):
        yield sse.encode(token.event())
    yield sse.encode(sse.DONE)


@made
def flask_app() -> Flask:
    """The same answers, around an engine like that of 1.4."""
    return create_flask_app(FakeEngine(["word "] * 20, step_ms=25))
