"""The race: together if paced, in turns if not; the blocked one looks dead."""

import asyncio

import pytest

from lab_utils import Lane, load_engine, race
from lab_utils.baselines import create_flask_app
from lab_utils.client import ServerGone
from lab_utils.engine import FakeEngine
from lab_utils.panel.racing import Race
from tests.support import Cell, Serve, endless, wait_until


def lanes(serve: Serve, engine: FakeEngine) -> list[Lane]:
    return [
        Lane("Flask, one thread", serve(create_flask_app(engine)).server, stream=False),
        Lane("FastAPI, streaming", serve(engine).url),
    ]


def paced(ms: float = 10) -> FakeEngine:
    engine = FakeEngine(["x "] * 60, step_ms=ms)
    engine.pace_ms = ms
    return engine


@pytest.mark.timed
def test_the_blocked_server_is_dead_and_the_other_alive(serve: Serve) -> None:
    blocked, free = race("hi", lanes(serve, paced()), max_tokens=60).join()
    assert blocked.ttft_ms and free.ttft_ms and blocked.slowest_ping_ms
    assert blocked.ttft_ms > 5 * free.ttft_ms
    assert blocked.slowest_ping_ms > blocked.ttft_ms / 2
    assert free.slowest_ping_ms and free.slowest_ping_ms < blocked.slowest_ping_ms
    assert blocked.text == free.text


@pytest.mark.timed
def test_paced_servers_run_at_the_same_time(serve: Serve) -> None:
    engine = paced()
    contest = race("hi", lanes(serve, engine), max_tokens=60)
    wait_until(lambda: all(run.seen or run.pings for run in contest.timelines), "both")
    assert not any(run.ended for run in contest.timelines)
    contest.join()


def test_others_take_turns(serve: Serve) -> None:
    contest = race("hi", lanes(serve, FakeEngine(["x "] * 30, step_ms=5)))
    wait_until(lambda: contest.timelines[1].arrivals, "the second")
    assert contest.timelines[0].ended is not None
    contest.join()


def test_it_is_drawn_while_it_runs_and_as_a_still(serve: Serve) -> None:
    contest = race("hi", lanes(serve, paced()), title="Two & two", max_tokens=60)
    wait_until(lambda: "nothing to read yet" in contest.widget.value, "waiting")
    assert 'class="now"' in contest.widget.value
    asyncio.run(waited(contest))
    wait_until(lambda: 'class="now"' not in contest.widget.value, "the end")
    assert "Two &amp; two" in contest.figure().svg()


async def waited(contest: Race) -> None:
    await contest


def test_who_cannot_start_is_an_error_and_a_line(serve: Serve) -> None:
    served = serve(FakeEngine("a b"))
    gone = "http://127.0.0.1:9"
    contest = race("hi", [Lane("gone", gone), Lane("there", served.url)])
    with pytest.raises(ServerGone):
        contest.join()
    assert "does not answer" in contest.widget.value
    assert contest.timelines[1].text == "a b", "the other one is not stopped by it"


def test_stop_leaves_all_requests(serve: Serve) -> None:
    served = serve(endless())
    contest = race("hi", [Lane("a", served.url), Lane("b", served.url)])
    wait_until(lambda: served.running() >= 1, "one runs")
    contest.stop()
    contest.join(10)
    served.until_free()


def test_a_cell_run_again_takes_its_old_race_away(serve: Serve, cell: Cell) -> None:
    served = serve(endless())
    cell("race")
    old = race("hi", [Lane("a", served.url)])
    cell("race")
    new = race("hi", [Lane("a", served.url)])
    wait_until(lambda: not old.is_running, "the old one ended")
    assert new.is_running
    new.close()
    served.until_free()


def test_a_race_without_anybody_says_so() -> None:
    with pytest.raises(ValueError, match="at least one Lane"):
        race("hi", [])


def test_it_says_the_pace_of_a_real_model(serve: Serve) -> None:
    engine = load_engine("tutor", pace_ms=5)
    lane = Lane("FastAPI, streaming", serve(engine).url)
    contest = race("Hello", [lane], max_tokens=5)
    contest.join()
    wait_until(lambda: "at least 5 ms per step" in contest.widget.value, "the pace")
