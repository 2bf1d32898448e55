"""The arithmetic of the benchmark; what it measures, it measures when it is run."""

from pathlib import Path

import pytest

from lab_utils.bench.compare import Figures, table
from lab_utils.bench.servers import peers, running


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
    header, rule, thread, tutorial = table(result).splitlines()
    assert len(header) == len(rule) == len(thread) == len(tutorial)
    words = thread.split()
    assert words[:6] == ["thread", "90.0/s", "0.90", "2.00", "400.0/s", "8.00"]
    assert words[6:] == ["1.0", "ms", "2.0", "ms", "2.0", "ms", "0.5", "ms", "3", "ms"]
    assert tutorial.split()[:6] == ["tutorial", "45.0/s", "0.45", "1.00", "50.0/s",
                                    "1.00"]
    assert tutorial.endswith("–")


def test_an_address_under_v1_is_asked_in_openais_format() -> None:
    for url in ("http://127.0.0.1:5000/v1", "http://127.0.0.1:5000/v1/"):
        server = running(url)
        assert server.url == "http://127.0.0.1:5000" and server.model == ""
    assert running("http://127.0.0.1:5000").model is None


def test_llama_cpp_is_measured_in_float32_alone(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="float32"):
        peers(["llama.cpp"], "tutor", "bfloat16", tmp_path)
    [server] = peers(["llama.cpp"], "tutor", "float32", tmp_path)
    assert server.model == "tutor" and server.command[-1] == "tutor"
