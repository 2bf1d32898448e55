"""A request, watched: tokens and pings, on a schedule that no stall can hide."""

import socket
import threading

import pytest

from lab_utils.baselines import create_flask_app
from lab_utils.client import ServerGone
from lab_utils.engine import FakeEngine
from lab_utils.recording import pinging, record
from tests.support import Serve, wait_until


def test_a_stream_becomes_a_timeline(serve: Serve) -> None:
    shown: list[str] = []
    url = serve(FakeEngine("a b c", step_ms=20)).url
    timeline = record(url, "hi", label="mine", on_token=shown.append, every=0.01)
    assert timeline.label == "mine"
    assert timeline.text == "".join(shown) == "a b c"
    assert len(timeline.arrivals) == 3
    assert timeline.arrivals == sorted(timeline.arrivals)
    assert timeline.arrivals[0] > 0 and timeline.ended
    assert timeline.arrivals[-1] <= timeline.ended
    assert timeline.finish_reason == "stop"
    assert len(timeline.pings) >= 3
    assert all(ping.answered and ping.answered >= ping.sent for ping in timeline.pings)


def test_a_whole_answer_makes_all_its_tokens_visible_at_once(serve: Serve) -> None:
    timeline = record(serve(FakeEngine("a b c")).url, "hi", stream=False, max_tokens=2)
    assert timeline.text == "a b" and timeline.finish_reason == "length"
    assert len(timeline.arrivals) == 2 and len(set(timeline.arrivals)) == 1
    assert timeline.tokens_per_second is None


def test_pings_are_sent_on_a_schedule_while_none_is_answered(serve: Serve) -> None:
    # One thread, which is busy with the answer: every /health waits for its end.
    engine = FakeEngine("a b", hang_at=1)
    served = serve(create_flask_app(engine))
    tokens = served.client.stream("hi")
    next(tokens)
    with pinging(served.url, every=0.01) as (_, pings):
        wait_until(lambda: len(pings) >= 10, "ten pings")
        assert not [ping for ping in pings if ping.answered is not None]
        engine.unhang()
        list(tokens)
    assert all(ping.answered is not None for ping in pings)


def test_a_blocked_server_shows_in_the_slowest_ping(serve: Serve) -> None:
    served = serve(create_flask_app(FakeEngine(["x"] * 20, step_ms=10)))
    blocked = record(served.url, "hi", stream=False, every=0.02)
    free = record(serve(FakeEngine(["x"] * 20, step_ms=10)).url, "hi", every=0.02)
    assert blocked.slowest_ping_ms is not None and free.slowest_ping_ms is not None
    assert blocked.slowest_ping_ms > free.slowest_ping_ms


def test_a_server_that_is_not_there_is_an_error_and_leaves_no_thread() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    with pytest.raises(ServerGone):
        record(f"http://127.0.0.1:{port}", "hi")
    assert "pinger" not in [thread.name for thread in threading.enumerate()]
