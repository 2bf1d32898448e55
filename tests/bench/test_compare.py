"""The arithmetic of the benchmark; what it measures, it measures when it is run."""

import math

import pytest

from lab_utils.bench.compare import Figures, percentile, table, waits_ms
from lab_utils.timeline import Ping


@pytest.mark.parametrize(("percent", "value"), [
    (0, 1), (1, 1), (50, 5), (51, 6), (90, 9), (91, 10), (99, 10), (100, 10),
])
def test_a_percentile_is_one_of_the_values(percent: int, value: float) -> None:
    assert percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], percent) == value


def test_a_percentile_of_one_value_is_that_and_of_none_is_none() -> None:
    assert [percentile([3.0], percent) for percent in (0, 50, 100)] == [3.0] * 3
    assert percentile([], 50) is None


def test_a_ping_without_an_answer_waited_for_ever() -> None:
    pings = [Ping(sent=1.0, answered=1.25), Ping(sent=2.0, answered=None)]
    waits = waits_ms(pings)
    assert waits == [250.0, math.inf]
    assert percentile(waits, 99) == math.inf, "and is not left out of a percentile"
    assert waits_ms([]) == []


def test_a_summary_has_medians_over_rounds_and_percentiles_over_pings() -> None:
    figures = Figures(
        one=[10, 30, 20], eight=[1, 2], freed_ms=[], health_ms=[1, 2, 3, 400],
        idle_ms=[7],
    )
    assert figures.summary() == {
        "one": 20, "eight": 1.5, "freed_ms": None, "health_p50_ms": 2,
        "health_p99_ms": 400, "health_max_ms": 400, "idle_p99_ms": 7,
    }


def test_the_table_has_a_row_per_server_and_the_ratios() -> None:
    row = Figures([90.0], [400.0], [3.0], [1.0, 2.0], [0.5]).summary()
    base = Figures([45.0], [50.0], [], [8.0], [4.0]).summary()
    result = {"engine": 100.0, "servers": {"thread": row, "tutorial": base}}
    header, thread, tutorial = table(result).splitlines()
    assert len(header) == len(thread) == len(tutorial)
    words = thread.split()
    assert words[:6] == ["thread", "90.0/s", "0.90", "2.00", "400.0/s", "8.00"]
    assert words[6:] == ["1.0", "ms", "2.0", "ms", "2.0", "ms", "0.5", "ms", "3", "ms"]
    assert tutorial.split()[:6] == ["tutorial", "45.0/s", "0.45", "1.00", "50.0/s",
                                    "1.00"]
    assert tutorial.endswith("–")
