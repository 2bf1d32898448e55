"""The arithmetic of waiting."""

import pytest

from lab_utils.timeline import Ping, Timeline


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
