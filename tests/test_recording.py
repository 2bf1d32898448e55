"""A request, watched: tokens and pings, on a schedule that no stall can hide."""

import asyncio
import signal
import socket
import threading

import pytest

from lab_utils.baselines import create_flask_app
from lab_utils.client import ServerGone, StreamFailed
from lab_utils.engine import FakeEngine
from lab_utils.pings import pinging
from lab_utils.recording import Recording, record
from tests.support import Serve, endless, wait_until


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
    with pinging(served.url, every=0.01) as timeline:
        wait_until(lambda: len(timeline.pings) >= 10, "ten pings")
        assert timeline.unanswered == len(timeline.pings)
        engine.unhang()
        list(tokens)
    assert timeline.unanswered == 0
    assert timeline.seen >= max(ping.answered or 0 for ping in timeline.pings)


@pytest.mark.timed
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
    assert "lab-pings" not in [thread.name for thread in threading.enumerate()]


def test_a_reader_who_leaves_is_recorded_as_such(serve: Serve) -> None:
    served = serve(endless())
    timeline = record(served.url, "hi", leave_after=4)
    assert len(timeline.arrivals) == 4 and timeline.state == "stopped"
    assert timeline.left is not None and timeline.left >= timeline.arrivals[-1]
    served.until_free()


def test_stop_leaves_the_request(serve: Serve) -> None:
    served = serve(endless())
    recording = Recording(served.url, "hi", max_tokens=90_000).start()
    wait_until(lambda: len(recording.timeline.arrivals) > 2, "tokens")
    recording.stop()
    assert recording.join().state == "stopped"
    served.until_free()
    recording.stop()  # once more does nothing


def test_to_stop_waiting_for_a_recording_leaves_the_request(serve: Serve) -> None:
    served = serve(endless())
    recording = Recording(served.url, "hi", max_tokens=90_000).start()

    async def wait() -> None:
        await asyncio.wait_for(recording, 0.2)

    with pytest.raises(TimeoutError):
        asyncio.run(wait())
    assert recording.join().state == "stopped"
    served.until_free()


def test_an_interrupt_leaves_the_request(serve: Serve) -> None:
    served = serve(endless())
    recording = Recording(served.url, "hi", max_tokens=90_000).start()
    wait_until(lambda: recording.timeline.arrivals, "a token")
    main = threading.main_thread().ident
    threading.Timer(0.1, signal.pthread_kill, [main, signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        recording.join()
    assert recording.join().state == "stopped"
    served.until_free()


def test_a_failure_in_the_middle_is_kept_and_raised(serve: Serve) -> None:
    recording = Recording(serve(FakeEngine("a b c", fail_at=2)).url, "hi").start()
    with pytest.raises(StreamFailed):
        recording.join()
    assert recording.timeline.text == "a b" and recording.timeline.state == "failed"


def test_it_knows_whom_it_is_about_and_the_pace(serve: Serve) -> None:
    engine = FakeEngine("a b")
    engine.pace_ms = 7.5
    timeline = record(serve(engine).url, "hi", max_tokens=2)
    assert (timeline.about, timeline.pace_ms) == ("fake · thread", 7.5)
    assert timeline.expected_s == pytest.approx(0.015)
    flask = record(serve(create_flask_app(engine)).url, "hi", stream=False)
    assert (flask.about, flask.pace_ms) == ("fake · flask", 7.5)


def test_for_a_picture_pings_are_as_many_as_can_be_told_apart(serve: Serve) -> None:
    engine = FakeEngine(["x"] * 20)
    engine.pace_ms = 20
    timeline = record(serve(engine).url, "hi", max_tokens=200, every=None)
    assert timeline.ended and timeline.ended < timeline.expected_s / 2
    assert len(timeline.pings) <= 1 + timeline.ended / (timeline.expected_s / 40)


def test_a_server_that_freezes_for_ever_ends_the_recording_all_the_same(
    serve: Serve,
) -> None:
    # The pings of one thread that hangs are still unanswered when the reader leaves.
    engine = FakeEngine("a b", hang_at=1)
    served = serve(create_flask_app(engine))
    timeline = record(served.url, "hi", leave_after=1)
    assert timeline.unanswered == len(timeline.pings) > 0
    assert timeline.slowest_ping_ms and timeline.slowest_ping_ms > 500
    engine.unhang()
