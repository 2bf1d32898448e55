"""Exercises for notebook 04: what freezes a loop, and the bridge that keeps it free."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import cache, partial
from time import sleep
from typing import Any

from lab_utils.exercises import n04_engine
from lab_utils.exercises.exercise import Exercise, Wrong

Astream = Callable[[Iterator[int], Executor], AsyncIterator[int]]

WAIT_S = 0.2
BEAT_S = 0.01
PATIENCE_S = 2.0
"""For what a right answer does within milliseconds."""


async def _sleep() -> None:
    sleep(WAIT_S)


async def _asyncio_sleep() -> None:
    await asyncio.sleep(WAIT_S)


async def _result() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(sleep, WAIT_S).result()


async def _to_thread() -> None:
    await asyncio.to_thread(sleep, WAIT_S)


async def _long_for() -> None:
    end = asyncio.get_running_loop().time() + WAIT_S
    while asyncio.get_running_loop().time() < end:
        sum(range(1000))


async def _queue() -> None:
    items: asyncio.Queue[int] = asyncio.Queue()
    asyncio.get_running_loop().call_later(WAIT_S, items.put_nowait, 1)
    await items.get()


async def _awaits_nothing() -> None:
    async def inner() -> None:
        sleep(WAIT_S)

    await inner()


async def _executor() -> None:
    await asyncio.get_running_loop().run_in_executor(None, sleep, WAIT_S)


SNIPPETS: dict[str, tuple[Callable[[], Any], str]] = {
    "a": (_sleep, "`time.sleep` holds the thread, and with it the loop"),
    "b": (_asyncio_sleep, "`await asyncio.sleep` gives the loop back"),
    "c": (_result, "`.result()` waits on the loop's own thread; there is no `await`"),
    "d": (_to_thread, "another thread sleeps, and this one awaits it"),
    "e": (_long_for, "no sleep in it, and yet: computing blocks as waiting does"),
    "f": (_queue, "`await queue.get()` gives the loop back until something comes"),
    "g": (_awaits_nothing, "`await` of what never pauses runs right through"),
    "h": (_executor, "the executor's thread sleeps, and this one awaits it"),
}


@cache
def _missed(name: str) -> int:
    """How many beats a heart beside the snippet misses."""
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(BEAT_S)
            beats += 1

    async def both() -> None:
        heart = asyncio.ensure_future(beat())
        await asyncio.sleep(0)
        await SNIPPETS[name][0]()
        heart.cancel()

    asyncio.run(both())
    return max(0, round(WAIT_S / BEAT_S) - beats)


def _freezes(name: str, freezers: Callable[[], set[str]]) -> None:
    """4.1 for one snippet."""
    said = name in freezers()
    missed, idea = _missed(name), SNIPPETS[name][1]
    if said != (missed > WAIT_S / BEAT_S * 3 / 4):
        raise Wrong(f"({name}) missed {missed} of {WAIT_S / BEAT_S:.0f} beats, and you "
                    f"say that it {'freezes' if said else 'does not freeze'} the "
                    f"loop: {idea}. See 4.2.")


async def _read(stream: AsyncIterator[int], into: list[int]) -> None:
    async for item in stream:
        into.append(item)


def _within(coroutine: Any) -> bool:
    """Run `coroutine`; whether it ended in time."""

    async def limited() -> None:
        await asyncio.wait_for(coroutine, PATIENCE_S)

    try:
        asyncio.run(limited())
    except TimeoutError:
        return False
    return True


def _all_items(astream: Astream) -> None:
    found: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        try:
            ended = _within(_read(astream((n for n in range(3)), pool), found))
        except RuntimeError as error:
            raise Wrong(f"{len(found)} items came, then RuntimeError: {error}. A "
                        "StopIteration cannot travel through a future: ask `next` "
                        "for a sentinel. See the side path of 04.") from None
    if found != [0, 1, 2]:
        raise Wrong(f"The items were {found}; expected [0, 1, 2].")
    if not ended:
        raise Wrong(f"All items came, then nothing for {PATIENCE_S:g} s. A "
                    "StopIteration cannot travel through a future: ask `next` for a "
                    "sentinel. See the side path of 04, the end that never comes.")


def _loop_stays_free(astream: Astream) -> None:
    beats = 0

    def steps() -> Iterator[int]:
        for number in range(4):
            sleep(0.05)
            yield number

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(BEAT_S)
            beats += 1

    async def both(pool: Executor) -> None:
        heart = asyncio.ensure_future(beat())
        await _read(astream(steps(), pool), [])
        heart.cancel()

    with ThreadPoolExecutor(1) as pool:
        _within(both(pool))
    if beats < 7:
        raise Wrong(f"The items are right, and the heart beat {beats} times of about "
                    "20: the steps ran on the loop. Give each `next` to the executor. "
                    "See 4.3.")


def _error_arrives(astream: Astream) -> None:
    def breaks() -> Iterator[int]:
        yield 0
        raise OSError("the disk is full")

    with ThreadPoolExecutor(1) as pool:
        try:
            ended = _within(_read(astream(breaks(), pool), []))
        except OSError:
            return
    what = "it ended as if complete" if ended else "nothing came"
    raise Wrong(f"The generator failed with OSError, and {what}. Whoever reads must "
                "hear of it: do not catch what you do not expect. See 4.5.")


def _generator_is_closed(astream: Astream) -> None:
    closed = threading.Event()

    def steps() -> Iterator[int]:
        try:
            yield from range(60)
        finally:
            closed.set()

    kept = steps()

    async def leave(pool: Executor) -> None:
        stream = astream(kept, pool)
        async for item in stream:
            if item == 2:
                break
        await stream.aclose()  # type: ignore[attr-defined]

    with ThreadPoolExecutor(1) as pool:
        _within(leave(pool))
    if not closed.is_set():
        raise Wrong("The reader left after 3 items and the generator was never closed: "
                    "its slot would leak. Close it in a `finally`, in the executor. "
                    "See 4.5.")


EXERCISES = [
    Exercise("4.1", "Break it: which of these freeze?", "freezers", 5,
             tuple(partial(_freezes, name) for name in SNIPPETS), core=True),
    Exercise("4.2", "The bridge", "astream", 12,
             (_all_items, _loop_stays_free, _error_arrives, _generator_is_closed)),
    *n04_engine.EXERCISES,
]
