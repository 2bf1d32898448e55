"""The arithmetic of the benchmark; what it measures, it measures when it is run."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from lab_utils import BackgroundServer
from lab_utils.bench import compare
from lab_utils.bench.figures import Figures
from lab_utils.bench.servers import peers, running
from lab_utils.bench.streams import Stream, read, tokens_per_s
from lab_utils.bench.table import speed, tables, waits
from lab_utils.engine import FakeEngine
from lab_utils.peers import vllm
from lab_utils.peers.process import Started
from lab_utils.server.serving import ServerError
from tests.support import Served


def _figures(**more: Any) -> Figures:
    return Figures(one=[10, 30, 20], eight=[1, 2], health_ms=[1, 2, 3, 400], **more)


def test_a_summary_has_medians_over_rounds_and_percentiles_over_pings() -> None:
    figures = _figures(idle_ms=[7], first_of_eight_ms=[5, 6, 7, 90], ready_s=2.5)
    assert figures.summary() == {
        "one": 20, "eight": 1.5, "first_ms": None, "first_of_eight_ms": 6.5,
        "first_of_eight_p95_ms": 90, "freed_ms": None, "health_p50_ms": 2,
        "health_p99_ms": 400, "health_max_ms": 400, "idle_p99_ms": 7, "ready_s": 2.5,
        "memory_mib": None,
    }


def test_the_tables_have_a_row_per_server_and_the_ratios() -> None:
    row = Figures([90.0], [400.0], [3.0], [9.0], [3.0], [1.0, 2.0], [0.5], 4.0, 300.0)
    base = Figures([45.0], [50.0], [8.0], [9.0], [], [8.0], [4.0])
    result = {"engine": {"one": 100.0, "eight": 500.0},
              "servers": {"thread": row.summary(), "tutorial": base.summary()}}
    header, rule, thread, tutorial = speed(result).splitlines()
    assert len(header) == len(rule) == len(thread) == len(tutorial)
    assert thread.split() == ["thread", "90.0", "0.90", "2.00", "400.0", "0.80", "8.00",
                              "4.0", "s", "300", "MiB"]
    assert tutorial.split()[-2:] == ["–", "–"]
    assert waits(result).splitlines()[2].split() == [
        "thread", "3.0", "9.0", "9.0", "1.0", "2.0", "2.0", "0.5", "3.0"]
    assert tables(result) == f"{speed(result)}\n\n{waits(result)}"


def test_the_rate_counts_from_the_first_token_of_all_to_the_last() -> None:
    streams = [Stream(0.0, 1.0, 3.0, 11), Stream(0.0, 2.0, 6.0, 10)]
    assert tokens_per_s(streams) == 20 / 5
    assert [stream.first_ms for stream in streams] == [1000, 2000]


def test_what_came_at_one_moment_has_a_rate_too() -> None:
    assert tokens_per_s([Stream(1.0, 3.0, 3.0, 21)]) == 10


def test_half_a_character_is_a_token_that_has_come() -> None:
    app = FastAPI()

    @app.post("/v1/completions")
    async def completions() -> StreamingResponse:
        async def events() -> AsyncIterator[str]:
            for text in ("", "é", ""):
                yield f'data: {json.dumps({"choices": [{"text": text}]})}\n\n'
                await asyncio.sleep(0.02)
            yield 'data: {"choices": [], "usage": {"completion_tokens": 3}}\n\n'

        return StreamingResponse(events(), media_type="text/event-stream")

    with BackgroundServer(app) as server:
        (stream,) = read(server.url, "Go", 3, 1, "theirs")
    assert stream.tokens == 3 and stream.last - stream.first > 1.5 * 0.02


@pytest.mark.parametrize("model", [None, "fake"])
def test_a_stream_is_read_the_same_in_both_formats(model: str | None) -> None:
    with Served(FakeEngine(["a"] * 7, step_ms=1)) as served:
        streams = read(served.url, "Go", 5, 2, model)
    assert [stream.tokens for stream in streams] == [5, 5]
    assert all(each.sent < each.first < each.last for each in streams)


def test_a_round_fills_every_figure() -> None:
    figures = Figures()
    with Served(FakeEngine(["a"] * 20, step_ms=1)) as served:
        compare.measure(Started(running(served.url), served.url), figures, 10)
    summary = figures.summary()
    missing = [name for name, value in summary.items() if value is None]
    assert missing == ["freed_ms", "ready_s", "memory_mib"]
    assert len(figures.first_of_eight_ms) == compare.STREAMS


def test_a_result_says_which_machine_and_versions_it_belongs_to() -> None:
    about = compare.machine()
    assert about["cores"] and about["python"] and about["system"]
    assert {"torch", "fastapi", "uvicorn", "transformers"} <= set(about["versions"])


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


def test_without_vllm_it_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vllm, "HOME", tmp_path / "nowhere")
    with pytest.raises(ServerError, match="make peers"):
        peers(["vllm"], "tutor", "float32", tmp_path)
