"""What notebook 07 has made so far, for who starts in its middle."""

from collections.abc import Callable
from statistics import median
from time import perf_counter, sleep

from lab_utils import BackgroundServer, LabClient, create_app, load_engine, predict
from lab_utils.engine import FakeEngine
from lab_utils.plots.dots import dots
from lab_utils.timeline import percentile

__all__ = [
    "BackgroundServer", "FakeEngine", "LabClient", "create_app", "dots", "load_engine",
    "median", "percentile", "perf_counter", "predict", "sleep",
]


Measure = Callable[[], float]


def fair_ratio(a: Measure, b: Measure, rounds: int = 5) -> float:
    """How many times as much `a` measures as `b`: warmed up, in turns, the median."""
    a(), b()
    pairs = [(a(), b()) for _ in range(rounds)]
    return median(first / second for first, second in pairs)
