"""What must hold whatever runs the engine: thread, pool or process."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from lab_utils.engine import FakeEngine
from lab_utils.runners import (
    EngineDead,
    Job,
    Limits,
    Overloaded,
    Runner,
    TimedOut,
)
from lab_utils.tokens import InvalidRequest, SamplingParams
from tests.factories import Remote
from tests.support import KINDS, PATIENCE_S, endless, make_runner, wait_until

T = TypeVar("T")
MANY = SamplingParams(max_tokens=100_000)
A_FEW = 50


class Ticking:
    """A runner with two slots and four places in the queue, on an endless engine whose
    steps take 1 ms."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.remote = Remote(folder)
        self.runner = make_runner(kind, endless(1, on_step=self.remote), 2, 4).start()

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do `work` on an event loop."""
        async def bounded() -> T:
            async with asyncio.timeout(PATIENCE_S):
                return await work()

        return asyncio.run(bounded())

    async def submit(
        self, params: SamplingParams = MANY, limits: Limits | None = None,
        client: str = "greedy",
    ) -> Job:
        return await self.runner.submit("hi", params, limits or Limits(), client)

    def tokens(self, count: int) -> SamplingParams:
        return SamplingParams(max_tokens=count)

    async def fill(self) -> list[Job]:
        """Take both slots."""
        streams = [await self.submit(), await self.submit()]
        for stream in streams:
            await anext(stream)
        return streams

    @property
    def counts(self) -> tuple[int, int]:
        """How many run, how many wait."""
        status = self.runner.status()
        return status.running, status.waiting

    async def until(self, holds: Callable[[], object]) -> None:
        while not holds():
            await asyncio.sleep(0.002)


@pytest.fixture(scope="module", params=KINDS)
def module_ticking(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ticking]:
    ticking = Ticking(request.param, tmp_path_factory.mktemp("remote"))
    yield ticking
    ticking.runner.stop()


@pytest.fixture
def ticking(module_ticking: Ticking) -> Iterator[Ticking]:
    """Nobody runs or waits in it before and after a test."""
    module_ticking.remote.reset()
    yield module_ticking
    module_ticking.remote.reset()
    wait_until(lambda: module_ticking.counts == (0, 0), "no request left")
    assert module_ticking.runner.ready


@pytest.fixture(params=KINDS)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ticking]:
    """One whose steps were quick so far, so that it knows what is slow."""
    ticking = Ticking(request.param, tmp_path)
    yield ticking
    ticking.runner.stop()


async def read(stream: Job, count: int = 1_000_000) -> int:
    """Read up to `count` tokens; how many there were."""
    got = 0
    while got < count:
        try:
            await anext(stream)
        except StopAsyncIteration:
            break
        got += 1
    return got


def test_row_01_a_stream_has_every_token_and_then_ends(ticking: Ticking) -> None:
    async def work() -> None:
        stream = await ticking.submit(ticking.tokens(3))
        tokens = [token async for token in stream]
        assert [token.token_id for token in tokens] == [0, 1, 2]
        assert [token.is_first for token in tokens] == [True, False, False]
        assert [token.finish_reason for token in tokens] == [None, None, "length"]
        assert stream.prompt_tokens == 2
        assert await read(stream) == 0, "and stays ended"
        assert ticking.counts == (0, 0)

    ticking.run(work)


def test_row_02_more_than_there_is_room_for_end_or_are_refused(
    ticking: Ticking,
) -> None:
    async def one() -> int:
        try:
            return await read(await ticking.submit(ticking.tokens(5)))
        except Overloaded:
            return -1

    async def work() -> list[int]:
        return await asyncio.gather(*(one() for _ in range(40)))

    counts = ticking.run(work)
    assert sorted(set(counts)) == [-1, 5] and counts.count(5) >= 6


def test_row_03_every_step_of_all_requests_runs_on_one_thread(
    ticking: Ticking,
) -> None:
    async def work() -> None:
        streams = [await ticking.submit(ticking.tokens(9)) for _ in range(6)]
        assert await asyncio.gather(*map(read, streams)) == [9] * 6

    ticking.run(work)
    assert len(ticking.remote.threads) == 1


def test_row_04_who_leaves_frees_the_slot_and_costs_no_more_steps(
    ticking: Ticking,
) -> None:
    async def work() -> None:
        stream = await ticking.submit()
        await read(stream, 5)
        stream.cancel()
        stream.cancel()
        before = ticking.remote.steps
        await ticking.until(lambda: ticking.counts == (0, 0))
        assert ticking.remote.steps - before < A_FEW
        after = ticking.remote.steps
        await asyncio.sleep(0.02)
        assert ticking.remote.steps == after

    ticking.run(work)


def test_a_slot_is_counted_until_the_engine_gave_it_back(ticking: Ticking) -> None:
    async def work() -> None:
        stream = await ticking.submit()
        ticking.remote.hang(5)
        await read(stream, 5)
        await ticking.until(lambda: ticking.remote.steps == 6)
        stream.cancel()
        await asyncio.sleep(0.1)
        assert ticking.counts == (1, 0), "the step is not over"
        ticking.remote.reset()
        await ticking.until(lambda: ticking.counts == (0, 0))

    ticking.run(work)


def test_row_06_who_leaves_during_the_prefill_costs_one_step(ticking: Ticking) -> None:
    async def work() -> None:
        ticking.remote.hang(0)
        stream = await ticking.submit()
        await ticking.until(lambda: ticking.counts == (1, 0) and ticking.remote.steps)
        stream.cancel()
        await asyncio.sleep(0.1)
        assert ticking.remote.steps == 1
        ticking.remote.reset()
        await ticking.until(lambda: ticking.counts == (0, 0))
        assert ticking.remote.steps == 0, "none since"

    ticking.run(work)


def test_row_07_who_leaves_while_queued_is_never_started(ticking: Ticking) -> None:
    async def work() -> None:
        running = await ticking.fill()
        queued = await ticking.submit()
        assert ticking.counts == (2, 1)
        queued.cancel()
        assert ticking.counts == (2, 0), "at once"
        for stream in running:
            stream.cancel()
        await ticking.until(lambda: ticking.counts == (0, 0))
        assert ticking.remote.answers == 2

    ticking.run(work)


def test_row_07_who_leaves_a_busy_engine_is_counted_out_at_once(
    ticking: Ticking,
) -> None:
    async def work() -> None:
        running = await ticking.fill()
        ticking.remote.hang()
        queued = asyncio.create_task(ticking.submit())
        await ticking.until(lambda: ticking.counts == (2, 1))
        await asyncio.sleep(0.05)
        if not queued.cancel():
            queued.result().cancel()
        await asyncio.sleep(0.01)
        assert ticking.counts == (2, 0)
        for stream in running:
            stream.cancel()

    ticking.run(work)


def test_row_13_tokens_that_nobody_reads_are_bounded_and_the_laggard_dropped(
    ticking: Ticking,
) -> None:
    async def work() -> None:
        limits = Limits(unread_tokens=16, reader_s=0.4)
        laggard = await ticking.submit(MANY, limits)
        await ticking.until(lambda: ticking.remote.steps >= 16)
        await asyncio.sleep(0.05)
        assert ticking.remote.steps == 16
        other = await ticking.submit(ticking.tokens(50))
        assert await read(other) == 50, "others are served"
        await ticking.until(lambda: ticking.counts == (0, 0))
        with pytest.raises(TimedOut, match="nothing was read"):
            await read(laggard)

    ticking.run(work)


def test_row_13_a_loop_that_is_blocked_does_not_let_the_engine_run_ahead(
    ticking: Ticking,
) -> None:
    async def work() -> None:
        stream = await ticking.submit(MANY, Limits(unread_tokens=16))
        time.sleep(0.3)  # blocks the loop
        assert ticking.remote.steps <= 16
        assert await read(stream, 40) == 40
        stream.cancel()

    ticking.run(work)


@pytest.mark.parametrize("unread", [1, 2, 7])
def test_row_13_a_slow_reader_gets_every_token(ticking: Ticking, unread: int) -> None:
    async def work() -> None:
        stream = await ticking.submit(ticking.tokens(12), Limits(unread_tokens=unread))
        await asyncio.sleep(0.05)
        assert [token.token_id async for token in stream] == list(range(12))

    ticking.run(work)


def test_row_13_a_laggard_in_the_only_slot_does_not_make_the_engine_spin(
    ticking: Ticking,
) -> None:
    async def work() -> None:
        limits = Limits(unread_tokens=1)
        laggards = [await ticking.submit(MANY, limits) for _ in range(2)]
        waiting = await ticking.submit()
        await ticking.until(lambda: ticking.remote.steps == 2)
        before = time.process_time()
        await asyncio.sleep(0.3)
        assert time.process_time() - before < 0.2
        for stream in (*laggards, waiting):
            stream.cancel()

    ticking.run(work)


def test_a_clients_third_request_waits_behind_everybody_elses_first(
    ticking: Ticking,
) -> None:
    async def work() -> None:
        first, second = await ticking.fill()
        greedy = [await ticking.submit() for _ in range(2)]
        others = [await ticking.submit(client=name) for name in ("a", "b")]
        first.cancel()
        await ticking.until(lambda: others[0].started)
        second.cancel()
        await ticking.until(lambda: others[1].started)
        assert not any(job.started for job in greedy)
        for job in others:
            job.cancel()
        await ticking.until(lambda: greedy[0].started and greedy[1].started)
        for job in greedy:
            job.cancel()

    ticking.run(work)


def test_a_clients_own_requests_keep_their_order(ticking: Ticking) -> None:
    async def work() -> None:
        first, second = await ticking.fill()
        waiting = [await ticking.submit() for _ in range(2)]
        first.cancel()
        await ticking.until(lambda: waiting[0].started)
        waiting.append(await ticking.submit())  # unfinished are as many as before
        waiting[0].cancel()
        await ticking.until(lambda: waiting[1].started)
        assert not waiting[2].started
        for job in (second, *waiting):
            job.cancel()

    ticking.run(work)


def test_row_14_in_a_full_queue_the_greediest_makes_room(ticking: Ticking) -> None:
    async def work() -> None:
        streams = [*await ticking.fill(), *[await ticking.submit() for _ in range(4)]]
        modest = await ticking.submit(client="modest")
        assert ticking.counts == (2, 4)
        with pytest.raises(Overloaded, match="2 requests run and 4 wait"):
            await anext(streams[-1])
        with pytest.raises(Overloaded):
            await ticking.submit()
        for job in streams:
            job.cancel()
        await anext(modest)
        modest.cancel()

    ticking.run(work)


def test_row_14_too_many_are_refused(ticking: Ticking) -> None:
    async def work() -> None:
        streams = [*await ticking.fill(), *[await ticking.submit() for _ in range(4)]]
        assert ticking.counts == (2, 4) and not ticking.runner.ready
        with pytest.raises(Overloaded, match="2 requests run and 4 wait"):
            await ticking.submit()
        for stream in streams:
            stream.cancel()
        await ticking.until(lambda: ticking.runner.ready)

    ticking.run(work)


@pytest.mark.parametrize("queue_s", [0.0, 0.001, 0.05])
def test_row_16_who_waits_too_long_is_told(ticking: Ticking, queue_s: float) -> None:
    async def work() -> None:
        running = await ticking.fill()
        with pytest.raises(Overloaded, match="no slot was free"):
            await read(await ticking.submit(MANY, Limits(queue_s=queue_s)))
        assert ticking.counts == (2, 0)
        for stream in running:
            stream.cancel()
        await ticking.until(lambda: ticking.counts == (0, 0))
        assert ticking.remote.answers == 2

    ticking.run(work)


def test_row_16_who_waits_for_an_engine_that_hangs_is_told_too(
    ticking: Ticking,
) -> None:
    async def work() -> None:
        running = await ticking.fill()
        ticking.remote.hang()
        with pytest.raises(Overloaded, match="no slot was free"):
            await read(await ticking.submit(MANY, Limits(queue_s=0.1)))
        assert ticking.counts == (2, 0)
        for stream in running:
            stream.cancel()

    ticking.run(work)


def test_row_17_who_runs_too_long_is_ended(ticking: Ticking) -> None:
    async def work() -> None:
        stream = await ticking.submit(MANY, Limits(request_s=0.1))
        with pytest.raises(TimedOut, match=r"over 0\.1 s"):
            await read(stream)
        await ticking.until(lambda: ticking.counts == (0, 0))

    ticking.run(work)


@pytest.mark.parametrize("step", [0, 5])
def test_row_20_21_an_error_in_a_step_ends_that_request_only(
    ticking: Ticking, step: int
) -> None:
    async def work() -> None:
        ticking.remote.fail(step)
        stream = await ticking.submit()
        assert await read(stream, step) == step
        with pytest.raises(Exception, match="boom"):
            await read(stream)
        assert ticking.counts == (0, 0)
        ticking.remote.reset()
        assert await read(await ticking.submit(ticking.tokens(9))) == 9
        assert ticking.runner.status().status == "ok"

    ticking.run(work)


def test_row_24_an_engine_that_hangs_is_stalled_until_it_goes_on(
    fresh: Ticking,
) -> None:
    async def work() -> None:
        fresh.remote.hang(3)
        stream = await fresh.submit(fresh.tokens(5))
        await fresh.until(lambda: fresh.runner.status(0.4).status == "stalled")
        assert fresh.runner.status().status == "ok", "10 s are allowed by default"
        assert fresh.counts == (1, 0)
        fresh.remote.reset()
        assert await read(stream) == 5
        assert fresh.runner.status(0.4).status == "ok"

    fresh.run(work)


def test_row_39_what_cannot_be_served_gives_its_place_back(ticking: Ticking) -> None:
    async def work() -> None:
        for params in [SamplingParams(max_tokens=10**7)] * 10:
            with pytest.raises(InvalidRequest, match="1000000") as caught:
                await ticking.submit(params)
            assert caught.value.code == "context_length_exceeded"
            assert caught.value.param == "max_tokens"
        with pytest.raises(InvalidRequest):
            await ticking.runner.submit("", MANY, Limits())
        assert ticking.counts == (0, 0)

    ticking.run(work)


def test_several_event_loops_may_share_a_runner(ticking: Ticking) -> None:
    counts = list[int]()

    async def work() -> None:
        counts.append(await read(await ticking.submit(ticking.tokens(20))))

    threads = [threading.Thread(target=ticking.run, args=(work,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert counts == [20] * 6


def test_a_loop_that_was_closed_does_not_disturb_the_others(ticking: Ticking) -> None:
    limits = Limits(unread_tokens=10**6, request_s=0.2)

    async def leave_behind() -> None:
        for _ in range(2):
            await anext(await ticking.submit(MANY, limits))
        await ticking.submit(MANY, limits)

    async def work() -> int:
        return await read(await ticking.submit(ticking.tokens(20)))

    ticking.run(leave_behind)
    assert ticking.run(work) == 20


# With an engine of their own


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Iterator[Callable[..., Runner]]:
    """Make a runner around an engine; stopped in the end."""
    made: list[Runner] = []

    def make(engine: FakeEngine, *sizes: int) -> Runner:
        made.append(make_runner(request.param, engine, *sizes))
        return made[-1]

    yield make
    for runner in made:
        runner.stop()


def test_row_22_when_the_engine_dies_everybody_hears_of_it(
    make: Callable[..., Runner],
) -> None:
    runner = make(endless(1, fail_at=100, error=SystemExit()), 2, 4).start()

    async def work() -> list[BaseException | int]:
        streams = [await runner.submit("hi", MANY, Limits()) for _ in range(4)]
        results = await asyncio.gather(*map(read, streams), return_exceptions=True)
        assert runner.status().status == "dead" and not runner.ready
        assert (runner.status().running, runner.status().waiting) == (0, 0)
        with pytest.raises(EngineDead):
            await runner.submit("hi", MANY, Limits())
        return results

    results = asyncio.run(asyncio.wait_for(work(), PATIENCE_S))
    assert [type(result) for result in results] == [EngineDead] * 4

    async def again() -> int:
        return await read(
            await runner.submit("hi", SamplingParams(max_tokens=3), Limits())
        )

    assert runner.start().ready
    assert asyncio.run(asyncio.wait_for(again(), PATIENCE_S)) == 3


def test_row_31_32_stopping_ends_every_stream_and_starting_begins_anew(
    make: Callable[..., Runner],
) -> None:
    runner = make(endless(1), 1, 4)
    runner.stop()
    assert runner.start() is runner.start()

    async def work() -> None:
        running, waiting = [
            await runner.submit("hi", MANY, Limits()) for _ in range(2)
        ]
        await anext(running)
        started = time.monotonic()
        runner.stop()
        assert time.monotonic() - started < 2
        for stream in (running, waiting):
            with pytest.raises(EngineDead, match="being stopped"):
                await read(stream)
        assert runner.status().status == "dead"
        with pytest.raises(EngineDead):
            await runner.submit("hi", MANY, Limits())
        runner.stop()

    asyncio.run(asyncio.wait_for(work(), PATIENCE_S))

    async def again() -> int:
        return await read(
            await runner.submit("hi", SamplingParams(max_tokens=3), Limits())
        )

    runner.start()
    assert asyncio.run(asyncio.wait_for(again(), PATIENCE_S)) == 3


def test_row_31_stopping_does_not_wait_for_a_long_step(
    make: Callable[..., Runner], tmp_path: Path
) -> None:
    remote = Remote(tmp_path)
    remote.hang(1)
    runner = make(endless(1, on_step=remote)).start()

    async def work() -> None:
        stream = await runner.submit("hi", MANY, Limits())
        await anext(stream)
        started = time.monotonic()
        await asyncio.to_thread(runner.stop, 0.05)
        assert time.monotonic() - started < 2
        with pytest.raises(EngineDead, match="being stopped"):
            await read(stream)

    try:
        asyncio.run(asyncio.wait_for(work(), PATIENCE_S))
    finally:
        remote.reset()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("max_batch", "max_queue"), [(0, 1), (-1, 1), (1, -1)])
def test_impossible_sizes_are_refused(
    kind: str, max_batch: int, max_queue: int
) -> None:
    with pytest.raises(ValueError, match="max_batch"):
        make_runner(kind, FakeEngine(), max_batch, max_queue)
