"""`/health` asked on a schedule, beside whatever else a server does.

Pings that wait for each other send one into a stall of a second and miss the twenty
that would have shown it ("coordinated omission", Gil Tene). So the next ping never
waits for the last answer.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import httpx

from lab_utils.address import HEALTH, Address
from lab_utils.timeline import Ping, Timeline

LAST_ANSWER_S = 30.0
STOP_POLL_S = 0.01


@contextmanager
def pinging(url: str, every: float) -> Iterator[Timeline]:
    """Ping `url`'s `/health` every `every` seconds from a thread; yields the timeline
    that its pings are added to.

    Waits at the end for the answers that are still missing.
    """
    timeline = Timeline(url)
    stop = threading.Event()
    started = perf_counter()

    async def run() -> None:
        address = Address(url)
        pinger = asyncio.create_task(ping(address, every, started, timeline.pings))
        while not stop.is_set():
            await asyncio.sleep(STOP_POLL_S)
        await finish(pinger, LAST_ANSWER_S)

    thread = threading.Thread(
        target=lambda: asyncio.run(run()), name="lab-pings", daemon=True
    )
    thread.start()
    try:
        yield timeline
    finally:
        stop.set()
        thread.join(LAST_ANSWER_S + 1)
        timeline.seen = timeline.ended = perf_counter() - started


async def ping(
    address: Address, every: float, started: float, pings: list[Ping],
    path: str = HEALTH,
) -> None:
    """Ask a server for `path` every `every` seconds until cancelled; `pings` grows, in
    seconds since `started`."""
    answers: set[asyncio.Task[None]] = set()
    async with pinging_client(address, LAST_ANSWER_S) as client:
        try:
            while True:
                sent = Ping(perf_counter() - started)
                pings.append(sent)
                answers.add(asyncio.create_task(_answer(client, path, sent, started)))
                due = started + len(pings) * every
                await asyncio.sleep(max(0, due - perf_counter()))
        except asyncio.CancelledError:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*answers)


async def _answer(
    client: httpx.AsyncClient, path: str, ping: Ping, started: float
) -> None:
    # A server that goes away leaves the ping unanswered, which is what it shows.
    with contextlib.suppress(httpx.TransportError):
        await client.get(path)
        ping.answered = perf_counter() - started


async def finish(pinger: asyncio.Task[None], patience: float) -> None:
    """Send no more pings; wait `patience` seconds for what is still to be answered."""
    pinger.cancel()
    await asyncio.wait([pinger], timeout=patience)
    pinger.cancel()
    await asyncio.gather(pinger, return_exceptions=True)


def pinging_client(address: Address, timeout: float) -> httpx.AsyncClient:
    """A client with as many connections as it takes: pings must not queue here."""
    limits = httpx.Limits(max_connections=None)
    return httpx.AsyncClient(
        base_url=address.root, headers=address.headers, timeout=timeout,
        trust_env=False, verify=address.root.startswith("https:"), limits=limits,
    )
