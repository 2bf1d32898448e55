"""The pulse of an event loop: a coroutine that should wake every 20 ms, and how late it
does. It runs inside the server, on the loop that is to be watched."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any

from lab_utils.lessons.n04_pulse import BEAT_S, Pulse, heartbeat
from lab_utils.plots.guess import Guess
from lab_utils.recording import Recording
from lab_utils.server import BackgroundServer

__all__ = ["beat", "heartbeat", "watch", "with_heartbeat"]

App = Callable[..., Any]
Beats = list[tuple[float, float]]

QUIET_S = 0.1
"""How long the pulse is taken before the request and after its end."""


async def beat(beats: Beats) -> None:
    """Wake every `BEAT_S` until cancelled; note when it was due and when it came."""
    while True:
        due = perf_counter() + BEAT_S
        await asyncio.sleep(BEAT_S)
        beats.append((due, perf_counter()))


def with_heartbeat(app: App, beats: Beats) -> App:
    """The ASGI `app`, with `beat` on its loop for as long as the server runs."""

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        heart = asyncio.create_task(beat(beats))
        try:
            await app(scope, receive, send)
        finally:
            heart.cancel()

    return watched


async def watch(label: str, app: App, guess: Guess | None = None) -> Pulse:
    """Serve `app`, stream one answer from it, and return its pulse meanwhile; `guess`
    is kept for the picture."""
    beats: Beats = []
    with BackgroundServer(with_heartbeat(app, beats)) as server:
        await asyncio.sleep(QUIET_S)
        asking = Recording(server.url, "Go", label=label, every=0.05).start()
        sent = perf_counter()
        run = await asking
        await asyncio.sleep(QUIET_S)
    return Pulse(label, beats, sent, run, guess)
