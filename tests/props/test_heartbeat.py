"""The heart on a server's loop: as long as the app lives, and one pulse per answer."""

import asyncio
from typing import Any

import pytest

from lab_utils.engine import FakeEngine
from lab_utils.lessons.n04_heartbeat import watch, with_heartbeat
from lab_utils.lessons.n04_loops import in_executor, streaming_app
from lab_utils.plots.guess import Guess


@pytest.mark.timed
def test_the_heart_beats_as_long_as_the_app_lives() -> None:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        served.append(scope["type"])
        if scope["type"] == "lifespan":
            await asyncio.sleep(0.2)

    async def live() -> int:
        watched = with_heartbeat(app, beats)
        await watched({"type": "http"}, None, None)
        assert beats == []
        await watched({"type": "lifespan"}, None, None)
        count = len(beats)
        await asyncio.sleep(0.1)
        assert len(beats) == count
        return count

    served: list[str] = []
    beats: list[Any] = []
    assert asyncio.run(live()) >= 2
    assert served == ["http", "lifespan"]


@pytest.mark.timed
def test_a_pulse_is_taken_before_during_and_after_the_answer() -> None:
    guess = Guess("how late?", 5)
    app = streaming_app(FakeEngine("a b c d", step_ms=20), in_executor)
    pulse = asyncio.run(watch("mine", app, guess))
    assert (pulse.label, pulse.guess) == ("mine", guess)
    assert pulse.run.text == "a b c d"
    due = [due for due, _ in pulse.since_sent]
    assert due[0] < 0 < due[-1]
    assert due[-1] > pulse.ended
