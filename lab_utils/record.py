"""One request, watched: its tokens and a row of `/health` pings become a `Timeline`."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import httpx

from lab_utils.client import LabClient
from lab_utils.timeline import Ping, Timeline

PING_EVERY_S = 0.05
LAST_ANSWER_S = 30.0


def record(
    url: str,
    prompt: str,
    *,
    label: str = "",
    stream: bool = True,
    on_token: Callable[[str], None] | None = None,
    every: float = PING_EVERY_S,
    **params: Any,
) -> Timeline:
    """Send `prompt` to the server at `url`, ping its `/health` every `every` seconds
    meanwhile, and return when what happened.

    on_token: called with each piece of text as it arrives. `params` are the fields of
    `/generate`. Raises `lab_utils.client.LabError`.
    """
    timeline = Timeline(label or url)
    with LabClient(url) as client, pinging(url, every) as (started, pings):
        if stream:
            for token in client.stream(prompt, **params):
                timeline.arrivals.append(perf_counter() - started)
                timeline.text += token.text
                timeline.finish_reason = token.finish_reason
                if on_token is not None:
                    on_token(token.text)
        else:
            answer = client.generate(prompt, **params)
            now = perf_counter() - started
            timeline.arrivals = [now] * answer.completion_tokens
            timeline.text, timeline.finish_reason = answer.text, answer.finish_reason
        timeline.ended = perf_counter() - started
    timeline.pings = pings
    return timeline


@contextmanager
def pinging(url: str, every: float) -> Iterator[tuple[float, list[Ping]]]:
    """Ping `url`'s `/health` from a thread; yields the start time and the growing list.

    On a schedule: the next ping never waits for the last answer. Pings that wait for
    each other send one into a stall of a second and miss the twenty that would have
    shown it ("coordinated omission", Gil Tene).
    """
    pings: list[Ping] = []
    stop = threading.Event()
    started = perf_counter()
    thread = threading.Thread(
        target=lambda: asyncio.run(_ping(url, every, started, pings, stop)),
        name="pinger",
        daemon=True,
    )
    thread.start()
    try:
        yield started, pings
    finally:
        stop.set()
        thread.join(LAST_ANSWER_S + 1)


async def _ping(
    url: str, every: float, started: float, pings: list[Ping], stop: threading.Event
) -> None:
    limits = httpx.Limits(max_connections=None)
    async with (
        httpx.AsyncClient(
            base_url=url, timeout=LAST_ANSWER_S, trust_env=False, verify=False,
            limits=limits,
        ) as client,
        asyncio.TaskGroup() as answers,
    ):
        while not stop.is_set():
            ping = Ping(perf_counter() - started)
            pings.append(ping)
            answers.create_task(_answer(client, ping, started))
            due = started + len(pings) * every
            await asyncio.sleep(max(0, due - perf_counter()))


async def _answer(client: httpx.AsyncClient, ping: Ping, started: float) -> None:
    # A server that goes away leaves the ping unanswered, which is what it shows.
    with contextlib.suppress(httpx.TransportError):
        await client.get("/health")
        ping.answered = perf_counter() - started
