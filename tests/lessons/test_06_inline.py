"""What notebook 06 builds inline behaves as the library does."""

from collections.abc import Callable
from typing import Any

import pytest

from lab_utils.timeline import Ping, Timeline
from tests.lessons.lesson import Lesson


@pytest.fixture(scope="module")
def inline() -> dict[str, Any]:
    return Lesson("06").define("timings", "diagnose", "Growing", "picture")


@pytest.mark.parametrize(
    "arrivals", [[0.5], [0.5, 0.5], [0.5, 0.6, 0.9, 1.0], [2.0] * 5]
)
def test_timings_are_the_timelines(
    inline: dict[str, Any], arrivals: list[float]
) -> None:
    run = Timeline("x", arrivals)
    sent = 7.0
    found = inline["timings"](sent, [sent + moment for moment in arrivals])
    assert found["ttft_ms"] == pytest.approx(run.ttft_ms)
    assert found["gap_ms"] == pytest.approx(run.median_gap_ms, abs=1e-6)
    if found["tokens_per_s"] is None:
        assert run.tokens_per_second is None
    else:
        assert found["tokens_per_s"] == pytest.approx(run.tokens_per_second)


@pytest.mark.parametrize("now", [0.0, 0.5, 0.7, 3.0])
def test_growing_is_a_timeline_until(inline: dict[str, Any], now: float) -> None:
    arrivals, pieces = [0.5, 0.6, 0.9], ["a", "<b>", "c"]
    growing = inline["Growing"]()
    for moment, piece in zip(arrivals, pieces, strict=True):
        growing.add(moment, piece)
    run = Timeline("x", arrivals, pieces).until(now)
    assert growing.until(now) == (run.arrivals, run.text)


def test_the_picture_obeys_no_model(inline: dict[str, Any]) -> None:
    html = inline["picture"]([0.1, 0.2], '<img src="x" onerror="alert(1)">', 1.0)
    assert "<img" not in html
    assert html.count("<path") == 2


PACES = [0.001, 0.02, 1.0]
"""Seconds per token: a thousand times as slow is the same illness."""


def made(
    name: str, pace: float, *, first: float = 1, at_once: bool = False,
    dead: bool = False, left: bool = False, tokens: int = 30,
) -> Timeline:
    """A run of that many steps of `pace` seconds; the first token comes at step
    `first`."""
    arrivals = [pace * (first + at) for at in range(tokens)]
    ended = arrivals[-1]
    if at_once:
        arrivals = [ended] * tokens
    if left:
        arrivals = arrivals[:4]
        ended = arrivals[-1]
    sent = [ended * at / 20 for at in range(20)]
    return Timeline(
        name, arrivals, ended=ended, seen=ended, left=ended if left else None,
        pings=[Ping(at, ended if dead else at + ended / 1000) for at in sent],
    )


SIX: dict[str, Callable[[float], Timeline]] = {
    "streaming": lambda pace: made("", pace),
    "frozen": lambda pace: made("", pace, dead=True),
    "blocking": lambda pace: made("", pace, dead=True, at_once=True),
    "buffered": lambda pace: made("", pace, at_once=True),
    "cancelled": lambda pace: made("", pace, left=True),
    "queued": lambda pace: made("", pace, first=40),
}


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("name", SIX)
def test_diagnose_is_right_at_every_pace(
    inline: dict[str, Any], name: str, pace: float
) -> None:
    assert inline["diagnose"](SIX[name](pace)) == name


@pytest.mark.parametrize("pace", PACES)
def test_a_short_answer_is_not_a_cancelled_one(
    inline: dict[str, Any], pace: float
) -> None:
    assert inline["diagnose"](made("", pace, tokens=5)) == "streaming"


def test_a_request_left_before_its_first_token_was_cancelled(
    inline: dict[str, Any],
) -> None:
    run = Timeline("x", left=0.3, ended=0.3, seen=0.3)
    assert inline["diagnose"](run) == "cancelled"
