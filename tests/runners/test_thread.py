"""The runners of this process; what holds for all of them is in `test_each`."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from lab_utils.engine import Engine, FakeEngine, Request
from lab_utils.runners import (
    ExecutorRunner,
    Job,
    Limits,
    Overloaded,
    ThreadRunner,
)
from lab_utils.tokens import InvalidRequest, SamplingParams
from tests.support import PATIENCE_S, endless

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
) -> Job:
    return await runner.submit("hi", params, Limits(**limits))


async def text_of(stream: Job) -> str:
    return "".join([token.text async for token in stream])


async def until(holds: Callable[[], object], what: str) -> None:
    """Let the loop run until `holds()`."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.002)
    assert holds(), what


def test_row_01_an_engine_that_simply_ends_is_an_error_and_not_a_hang() -> None:
    class Short(FakeEngine):
        def steps(self, request: Request) -> Any:
            yield next(FakeEngine("a b").generate_stream("hi"))

    async def work(runner: Here) -> None:
        with pytest.raises(RuntimeError, match="finish_reason"):
            await text_of(await submit(runner))
        assert runner.status().running == 0

    run(Short(), work, kind=ExecutorRunner)


@pytest.mark.parametrize(("kind", "name"), [
    (ThreadRunner, "lab-engine-fake"), (ExecutorRunner, "lab-engine-fake_0")
])
def test_row_03_every_step_runs_on_the_one_engine_thread(
    kind: type[Here], name: str
) -> None:
    names: set[str] = set()
    engine = FakeEngine(on_step=lambda _: names.add(threading.current_thread().name))

    async def work(runner: Here) -> None:
        streams = [await submit(runner) for _ in range(20)]
        await asyncio.gather(*(text_of(stream) for stream in streams))

    run(engine, work, kind)
    assert names == {name}


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


def test_row_11_who_leaves_does_not_change_the_text_of_the_others() -> None:
    async def work(runner: Here) -> str:
        leaving, staying = await submit(runner, MANY), await submit(runner)
        await anext(leaving)
        leaving.cancel()
        leaving.cancel()
        return await text_of(staying)

    text = " ".join(map(str, range(100)))
    assert run(FakeEngine(text, step_ms=0.1, context=10**6), work) == text


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


@pytest.mark.parametrize("kind", [ThreadRunner, ExecutorRunner])
def test_row_32_a_thread_that_was_left_in_a_long_step_serves_no_later_start(
    kind: type[Here],
) -> None:
    engine = FakeEngine("a b c", hang_at=1)

    async def work(runner: Here) -> None:
        await anext(await submit(runner))
        left = next(thread for thread in threading.enumerate()
                    if thread.name.startswith("lab-engine-fake"))
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

    run(engine, work, kind)


@pytest.mark.parametrize("kind", [ThreadRunner, ExecutorRunner])
def test_row_32_starting_and_stopping_again_and_again_leaves_nothing(
    kind: type[Here],
) -> None:
    runner = kind(FakeEngine("a b"))
    runner.stop()
    for _ in range(20):
        assert runner.start() is runner.start()
        assert runner.ready
        runner.stop()
        runner.stop()
        assert not runner.ready
    assert not [thread.name for thread in threading.enumerate()
                if thread.name.startswith("lab-engine-fake")]


