"""The engine's thread: turns, limits, and what happens when something breaks."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any, TypeVar

import pytest

from lab_utils.engine import Engine, FakeEngine, InvalidRequest, Request, SamplingParams
from lab_utils.runners import (
    EngineDead,
    ExecutorRunner,
    Limits,
    Overloaded,
    ThreadRunner,
    TimedOut,
    TokenStream,
)
from tests.support import PATIENCE_S, endless, wait_until

T = TypeVar("T")
Here = ThreadRunner | ExecutorRunner
MANY = SamplingParams(max_tokens=100_000)


def run(
    engine: Engine,
    work: Callable[[Here], Awaitable[T]],
    kind: type[Here] = ThreadRunner,
    **options: Any,
) -> T:
    """Do `work` on an event loop, with a runner that is started and stopped."""
    runner = kind(engine, **options).start()

    async def bounded() -> T:
        async with asyncio.timeout(PATIENCE_S):
            return await work(runner)

    try:
        return asyncio.run(bounded())
    finally:
        runner.stop()


async def submit(
    runner: Here,
    params: SamplingParams = SamplingParams(),  # noqa: B008 (immutable)
    **limits: Any,
) -> TokenStream:
    return await runner.submit("hi", params, Limits(**limits))


async def text_of(stream: TokenStream) -> str:
    return "".join([token.text async for token in stream])


async def until(holds: Callable[[], object], what: str) -> None:
    """Let the loop run until `holds()`."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.002)
    assert holds(), what


def test_a_stream_has_every_token_and_then_ends() -> None:
    async def work(runner: Here) -> None:
        stream = await submit(runner)
        assert stream.prompt_tokens == 2
        assert await text_of(stream) == "a b c"
        assert await text_of(stream) == "", "and stays ended"
        assert runner.status().running == 0

    run(FakeEngine("a b c"), work)


def test_row_01_an_engine_that_simply_ends_is_an_error_and_not_a_hang() -> None:
    class Short(FakeEngine):
        def steps(self, request: Request) -> Any:
            yield next(FakeEngine("a b").generate_stream("hi"))

    async def work(runner: Here) -> None:
        with pytest.raises(RuntimeError, match="finish_reason"):
            await text_of(await submit(runner))
        assert runner.status().running == 0

    run(Short(), work, kind=ExecutorRunner)


def test_row_03_every_step_runs_on_the_one_engine_thread() -> None:
    names: set[str] = set()
    engine = FakeEngine(on_step=lambda _: names.add(threading.current_thread().name))

    async def work(runner: Here) -> None:
        streams = [await submit(runner) for _ in range(20)]
        await asyncio.gather(*(text_of(stream) for stream in streams))

    run(engine, work)
    assert names == {"engine-fake"}


def test_requests_take_turns_step_by_step() -> None:
    gate, steps = threading.Event(), list[int]()

    def on_step(step: int) -> None:
        gate.wait(PATIENCE_S)
        steps.append(step)

    async def work(runner: Here) -> None:
        first = await submit(runner)
        await until(lambda: runner.status().running == 1, "the first has started")
        others = [await submit(runner), await submit(runner)]
        gate.set()
        await asyncio.gather(*map(text_of, [first, *others]))

    run(FakeEngine("a b c", on_step=on_step), work, max_batch=2)
    # The first alone; the second joins it; the third waits until a slot is free.
    assert steps == [0, 1, 0, 2, 1, 2, 0, 1, 2]


def test_no_more_than_max_batch_run_and_the_others_wait() -> None:
    async def work(runner: Here) -> None:
        streams = [await submit(runner, MANY) for _ in range(5)]
        await until(lambda: runner.status().running == 2, "two run")
        status = runner.status()
        assert (status.running, status.waiting, status.max_batch) == (2, 3, 2)
        for stream in streams:
            stream.cancel()
        await until(lambda: runner.status().running == 0, "all are gone")
        assert runner.status().waiting == 0

    run(endless(), work, max_batch=2)


def test_row_07_who_leaves_while_queued_is_never_started() -> None:
    engine = endless()

    async def work(runner: Here) -> None:
        running = await submit(runner, MANY)
        await anext(running)
        queued = await submit(runner, SamplingParams(seed=99))
        assert runner.status().waiting == 1
        queued.cancel()
        assert runner.status().waiting == 0
        running.cancel()
        await until(lambda: runner.status().running == 0, "the first is gone")
        made = engine.made
        await asyncio.sleep(0.02)
        assert engine.made == made

    run(engine, work, max_batch=1)


def test_row_11_who_leaves_does_not_change_the_text_of_the_others() -> None:
    async def work(runner: Here) -> str:
        leaving, staying = await submit(runner, MANY), await submit(runner)
        await anext(leaving)
        leaving.cancel()
        leaving.cancel()
        return await text_of(staying)

    text = " ".join(map(str, range(100)))
    assert run(FakeEngine(text, step_ms=0.1, context=10**6), work) == text


def test_row_13_tokens_that_nobody_reads_are_bounded_and_the_laggard_dropped() -> None:
    engine = endless(step_ms=0)

    async def work(runner: Here) -> None:
        laggard = await submit(runner, MANY, unread_tokens=16, reader_s=0.2)
        await until(lambda: engine.made >= 16, "the buffer is full")
        await asyncio.sleep(0.05)
        assert engine.made == 16
        assert len([token async for token in prefix(await submit(runner, MANY), 300)]
                   ) == 300, "others keep their speed"
        await until(lambda: runner.status().running == 0, "the laggard lost its slot")
        with pytest.raises(TimedOut, match="nothing was read"):
            await text_of(laggard)

    run(engine, work)


async def prefix(stream: TokenStream, count: int) -> Any:
    """The first `count` tokens; then the stream is left."""
    for _ in range(count):
        yield await anext(stream)
    stream.cancel()


def test_row_13_a_loop_that_is_blocked_does_not_let_the_engine_run_ahead() -> None:
    engine = endless(step_ms=0)

    async def work(runner: Here) -> None:
        stream = await submit(runner, MANY, unread_tokens=16)
        wait_until(lambda: engine.made >= 16, "16 tokens")  # blocks the loop
        time.sleep(0.05)
        assert engine.made == 16
        stream.cancel()

    run(engine, work)


def test_a_reader_that_goes_on_reading_is_served_again() -> None:
    async def work(runner: Here) -> str:
        stream = await submit(runner, unread_tokens=2)
        await asyncio.sleep(0.05)
        return await text_of(stream)

    text = " ".join(map(str, range(50)))
    assert run(FakeEngine(text), work) == text


def test_row_14_too_many_are_refused_before_anything_is_computed() -> None:
    encoded: list[str] = []

    class Counting(FakeEngine):
        def encode(self, prompt: str) -> list[int]:
            encoded.append(prompt)
            return super().encode(prompt)

    async def work(runner: Here) -> None:
        streams = [await submit(runner) for _ in range(3)]
        assert not runner.ready
        with pytest.raises(Overloaded, match="1 requests run and 2 wait"):
            await submit(runner)
        assert len(encoded) == 3
        for stream in streams:
            stream.cancel()
        engine.unhang()
        await until(lambda: runner.ready, "ready again")

    engine = Counting(hang_at=0)
    run(engine, work, max_batch=1, max_queue=2)


def test_requests_that_are_still_being_read_count_too() -> None:
    gate = threading.Event()

    class Slow(FakeEngine):
        def encode(self, prompt: str) -> list[int]:
            gate.wait(PATIENCE_S)
            return super().encode(prompt)

    async def work(runner: Here) -> None:
        first = asyncio.create_task(submit(runner))
        await until(lambda: runner.status().waiting == 1, "it is counted")
        with pytest.raises(Overloaded):
            await submit(runner)
        gate.set()
        assert await text_of(await first)

    run(Slow(), work, max_batch=1, max_queue=0)


def test_what_cannot_be_served_gives_its_place_back() -> None:
    async def work(runner: Here) -> None:
        for _ in range(3):
            with pytest.raises(InvalidRequest):
                await runner.submit("x" * 99, SamplingParams(), Limits())
        assert runner.ready and runner.status().waiting == 0

    run(FakeEngine(context=10), work, max_batch=1, max_queue=0)


@pytest.mark.parametrize("queue_s", [0.0, 0.001, 0.05])
def test_row_16_who_waits_too_long_is_told(queue_s: float) -> None:
    async def work(runner: Here) -> None:
        running = await submit(runner, MANY)
        await anext(running)
        waiting = await submit(runner, queue_s=queue_s)
        with pytest.raises(Overloaded, match="no slot was free"):
            await text_of(waiting)
        assert runner.status().waiting == 0
        running.cancel()

    run(endless(), work, max_batch=1)


def test_row_17_who_runs_too_long_is_ended() -> None:
    async def work(runner: Here) -> None:
        stream = await submit(runner, MANY, request_s=0.05)
        with pytest.raises(TimedOut, match=r"over 0\.05 s"):
            await text_of(stream)
        assert runner.status().running == 0

    run(endless(), work)


@pytest.mark.parametrize("step", [0, 5])
def test_row_20_21_an_error_in_a_step_ends_that_request_only(step: int) -> None:
    engine = FakeEngine(fail_at=step, error=OSError("boom"))

    async def work(runner: Here) -> None:
        with pytest.raises(OSError, match="boom"):
            await text_of(await submit(runner))
        engine.fail_at = None
        assert await text_of(await submit(runner))
        assert runner.status().status == "ok"

    run(engine, work)


def test_row_22_when_the_engine_dies_everybody_hears_of_it() -> None:
    engine = endless(step_ms=0, fail_at=100, error=SystemExit())

    async def work(runner: Here) -> None:
        streams = [await submit(runner, MANY) for _ in range(3)]
        results = await asyncio.gather(*map(text_of, streams), return_exceptions=True)
        assert [type(result) for result in results] == [EngineDead] * 3
        assert runner.status().status == "dead" and not runner.ready
        with pytest.raises(EngineDead):
            await submit(runner)
        engine.fail_at = None
        runner.start()
        assert runner.ready
        assert await text_of(await submit(runner, SamplingParams(max_tokens=3)))

    run(engine, work, max_batch=2)


def test_row_24_an_engine_that_hangs_is_stalled_until_it_goes_on() -> None:
    engine = FakeEngine(hang_at=3)

    async def work(runner: Here) -> None:
        stream = await submit(runner)
        await until(lambda: runner.status(0.05).status == "stalled", "stalled")
        assert runner.status().status == "ok", "10 s are allowed by default"
        engine.unhang()
        assert await text_of(stream)
        assert runner.status(0.05).status == "ok"

    run(engine, work)


def test_steps_that_are_always_slow_are_no_stall() -> None:
    async def work(runner: Here) -> None:
        stream = await submit(runner)
        await anext(stream)
        seen = set()
        async for _ in stream:
            await asyncio.sleep(0.005)
            seen.add(runner.status(0.001).status)
        assert seen == {"ok"}

    run(FakeEngine("a b c d", step_ms=20), work)


def test_row_31_stopping_ends_every_stream_with_a_clear_error() -> None:
    async def work(runner: Here) -> None:
        running, waiting = await submit(runner, MANY), await submit(runner, MANY)
        await anext(running)
        runner.stop()
        for stream in (running, waiting):
            with pytest.raises(EngineDead, match="being stopped"):
                await text_of(stream)
        assert runner.status().status == "dead"
        with pytest.raises(EngineDead):
            await submit(runner)

    run(endless(), work, max_batch=1)


def test_row_31_stopping_does_not_wait_for_a_long_step() -> None:
    engine = FakeEngine("a b c", hang_at=1)

    async def work(runner: Here) -> None:
        stream = await submit(runner)
        await anext(stream)
        started = time.monotonic()
        await asyncio.to_thread(runner.stop, 0.05)
        assert time.monotonic() - started < 5
        with pytest.raises(EngineDead):
            await text_of(stream)
        engine.unhang()

    run(engine, work)


def test_row_32_a_thread_that_was_left_in_a_long_step_serves_no_later_start() -> None:
    engine = FakeEngine("a b c", hang_at=1)

    async def work(runner: Here) -> None:
        await anext(await submit(runner))
        left = next(thread for thread in threading.enumerate()
                    if thread.name == "engine-fake")
        runner.stop(timeout=0.01)
        engine.hang_at = None
        runner.start()
        for _ in range(5):
            assert await text_of(await submit(runner)) == "a b c"
        engine.unhang()
        await asyncio.to_thread(left.join, PATIENCE_S)
        assert not left.is_alive()
        assert await text_of(await submit(runner)) == "a b c"
        assert runner.status().status == "ok"

    run(engine, work)


def test_row_32_starting_and_stopping_again_and_again_leaves_nothing() -> None:
    runner = ThreadRunner(FakeEngine("a b"))
    runner.stop()
    for _ in range(20):
        assert runner.start() is runner.start()
        assert runner.ready
        runner.stop()
        runner.stop()
        assert not runner.ready
    assert threading.active_count() == 1 or "engine-fake" not in [
        thread.name for thread in threading.enumerate()
    ]


def test_several_event_loops_may_share_a_runner() -> None:
    runner, texts = ThreadRunner(FakeEngine("a b c", step_ms=1)).start(), list[str]()

    async def work() -> None:
        texts.append(await text_of(await submit(runner)))

    threads = [threading.Thread(target=asyncio.run, args=(work(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    runner.stop()
    assert texts == ["a b c"] * 4


def test_a_loop_that_was_closed_does_not_disturb_the_engine() -> None:
    runner = ThreadRunner(endless(step_ms=1)).start()

    async def leave_behind() -> None:
        await anext(await submit(runner, MANY, unread_tokens=10**6))

    async def read() -> None:
        with closing(_Canceller(await submit(runner, MANY))) as stream:
            await anext(stream.stream)

    asyncio.run(leave_behind())
    asyncio.run(read())
    runner.stop()
    assert runner.status().running == 0


class _Canceller:
    """`closing` for a stream."""

    def __init__(self, stream: TokenStream) -> None:
        self.stream = stream

    def close(self) -> None:
        self.stream.cancel()


@pytest.mark.parametrize(("max_batch", "max_queue"), [(0, 1), (-1, 1), (1, -1)])
def test_impossible_sizes_are_refused(max_batch: int, max_queue: int) -> None:
    with pytest.raises(ValueError, match="max_batch"):
        ThreadRunner(FakeEngine(), max_batch, max_queue)
