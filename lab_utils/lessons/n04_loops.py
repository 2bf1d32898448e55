"""Servers that differ in one thing only: which thread takes the engine's steps.

Notebook 04 builds them by hand. `blocking` freezes the event loop, `polite` half thaws
it, `in_executor` and `lab_utils.runners` free it. None of them has a queue, a limit or
an error event: they are to be looked at, not used.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from lab_utils import sse
from lab_utils.engine import Engine, FakeEngine
from lab_utils.tokens import Token

END = object()
"""What `next` returns at the end: a StopIteration cannot cross a future."""


def ticking_engine() -> FakeEngine:
    """The stand-in for a model: ten tokens, 50 ms of sleep for each."""
    return FakeEngine(["tick "] * 10, step_ms=50)


def streaming_app(
    engine: Engine, tokens: Callable[[Engine, str], AsyncIterator[Token]]
) -> FastAPI:
    """A server with `POST /generate`, always streaming what `tokens(engine, prompt)`
    yields, and `GET /health`."""
    app = FastAPI()

    @app.post("/generate")
    async def generate(body: dict[str, Any]) -> StreamingResponse:
        async def events() -> AsyncIterator[bytes]:
            async for token in tokens(engine, body["prompt"]):
                yield sse.encode(token.event())
            yield sse.encode(sse.DONE)

        return StreamingResponse(events(), media_type=sse.MEDIA_TYPE)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


async def blocking(engine: Engine, prompt: str) -> AsyncIterator[Token]:
    """Every step on the loop's own thread; the loop turns again after the last."""
    for token in engine.generate_stream(prompt):
        yield token


async def polite(engine: Engine, prompt: str) -> AsyncIterator[Token]:
    """Every step on the loop's own thread, and one turn of the loop after each."""
    for token in engine.generate_stream(prompt):
        yield token
        await asyncio.sleep(0)


async def in_executor(engine: Engine, prompt: str) -> AsyncIterator[Token]:
    """Every step on some thread of the loop's default pool."""
    loop = asyncio.get_running_loop()
    steps = engine.generate_stream(prompt)
    while True:
        token: Any = await loop.run_in_executor(None, next, steps, END)
        if token is END:
            return
        yield token
