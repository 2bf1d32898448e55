"""The arithmetic of waiting."""

import os
from pathlib import Path

import pytest

from lab_utils.timeline import Ping, Timeline, load, percentile, save


def test_before_the_first_token_there_is_nothing_to_say() -> None:
    timeline = Timeline("x")
    assert timeline.ttft_ms is None
    assert timeline.gaps_ms == []
    assert timeline.median_gap_ms is None
    assert timeline.tokens_per_second is None
    assert timeline.slowest_ping_ms is None


def test_one_token_has_a_first_and_no_gap() -> None:
    timeline = Timeline("x", [0.5])
    assert timeline.ttft_ms == 500
    assert timeline.gaps_ms == []
    assert timeline.tokens_per_second is None


def test_n_tokens_have_n_minus_one_gaps() -> None:
    timeline = Timeline("x", [1.0, 1.1, 1.3, 2.0])
    assert timeline.gaps_ms == pytest.approx([100, 200, 700])
    assert timeline.median_gap_ms == pytest.approx(200)
    assert timeline.tokens_per_second == pytest.approx(3)


def test_tokens_that_come_all_at_once_have_no_rate() -> None:
    timeline = Timeline("x", [2.0, 2.0, 2.0])
    assert timeline.ttft_ms == 2000
    assert timeline.gaps_ms == [0, 0]
    assert timeline.tokens_per_second is None


def test_a_ping_without_an_answer_has_waited_until_the_end() -> None:
    pings = [Ping(0.0, 0.01), Ping(0.5, 0.52), Ping(0.9)]
    timeline = Timeline("x", seen=2.0, ended=2.0, pings=pings)
    assert timeline.slowest_ping_ms == pytest.approx(1100)
    assert Timeline("x", pings=pings[:2]).slowest_ping_ms == pytest.approx(20)


def streamed() -> Timeline:
    return Timeline(
        "x", arrivals=[0.1, 0.2, 0.3], pieces=["a", " b", " c"],
        pings=[Ping(0.0, 0.01), Ping(0.15, 0.25), Ping(0.29)],
        seen=0.35, ended=0.32, finish_reason="stop", expected=3, pace_ms=100,
        prompt="p", about="tutor · thread",
    )


def test_at_any_moment_a_timeline_is_what_was_known_then() -> None:
    then = streamed().until(0.2)
    assert then.arrivals == [0.1, 0.2] and then.text == "a b"
    assert then.pings == [Ping(0.0, 0.01), Ping(0.15)]
    assert (then.ended, then.finish_reason, then.state) == (None, None, "streaming")
    assert then.seen == 0.2
    assert then.waits_ms == pytest.approx([10, 50])
    assert streamed().until(0.05).state == "waiting"


def test_at_the_end_a_timeline_is_all_of_itself() -> None:
    assert streamed().until(0.35) == streamed()
    assert streamed().until(9.0) == streamed(), "seen stays what was seen"


def test_a_growing_timeline_can_be_looked_at_now() -> None:
    grows = Timeline("x", arrivals=[0.1], pieces=["a"])
    assert grows.until(0.5).seen == 0.5
    assert grows.until(0.5).state == "streaming"


def test_what_was_left_or_failed_is_not_complete() -> None:
    left = streamed()
    left.left, left.finish_reason, left.unread = 0.32, None, [0.33, 0.4]
    assert left.state == "stopped" and left.until(0.31).state == "streaming"
    assert left.until(0.35).unread == [0.33]
    failed = streamed()
    failed.error = "boom"
    assert failed.state == "failed"
    assert failed.until(0.31).state == "streaming", "it had not failed yet"


def test_the_95th_percentile_ignores_one_gap_of_a_hundred() -> None:
    moments = [0.1 * at for at in range(101)] + [20.0]
    timeline = Timeline("x", arrivals=moments)
    assert timeline.p95_gap_ms == pytest.approx(100)
    assert max(timeline.gaps_ms) > 9_000


@pytest.mark.parametrize(("percent", "value"), [
    (0, 1), (1, 1), (50, 5), (51, 6), (90, 9), (91, 10), (99, 10), (100, 10),
])
def test_a_percentile_is_one_of_the_values(percent: int, value: float) -> None:
    assert percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], percent) == value


def test_a_percentile_of_one_value_is_that_and_of_none_is_none() -> None:
    assert [percentile([3.0], percent) for percent in (0, 50, 100)] == [3.0] * 3
    assert percentile([], 50) is None


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_tokens_have_no_95th_percentile(count: int) -> None:
    assert Timeline("x", arrivals=[0.1, 0.2][:count]).p95_gap_ms is None


def test_timelines_survive_the_way_to_a_file_and_back(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    streamed().save(path)
    assert Timeline.load(path) == streamed()
    save([streamed(), Timeline("é\u2028")], path)
    assert load(path) == [streamed(), Timeline("é\u2028")]
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.json"
    streamed().save(path)

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="full"):
        save([], path)
    assert Timeline.load(path) == streamed()
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 2, "timelines": []}',
                                     '{"format": 1, "timelines": [{"lable": 1}]}'])
def test_what_is_no_timeline_says_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"expected timelines written by"):
        load(path)


def test_one_timeline_is_asked_for_where_there_are_two(tmp_path: Path) -> None:
    save([streamed(), streamed()], tmp_path / "run.json")
    with pytest.raises(ValueError, match="holds 2"):
        Timeline.load(tmp_path / "run.json")
