"""What notebook 01 has made so far, for who starts in its middle."""

from collections.abc import Iterator
from time import perf_counter

import httpx

from lab_utils import BackgroundServer, predict, sse
from lab_utils.baselines import create_flask_app
from lab_utils.engine import Engine, FakeEngine
from lab_utils.lessons.n01_turns import spans, turns

__all__ = [
    "BackgroundServer", "FakeEngine", "create_flask_app", "httpx", "perf_counter",
    "pieces", "predict", "spans", "turns",
]


def pieces(engine: Engine) -> Iterator[bytes]:
    """Each token of an answer as an event, then the mark that it is over."""
    for token in engine.generate_stream("Hello"):
        yield sse.encode(token.event())
    yield sse.encode(sse.DONE)
