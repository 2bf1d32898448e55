"""The server that notebook 04 ends with: the tutorial's, in one file.

One endpoint, two modes: a whole answer as JSON, or a stream of events. What it lacks is
what `lab_utils.server.create_app` adds: limits, an error event, one engine thread.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from lab_utils.engine import Engine
from lab_utils.lessons.n04_loops import END
from lab_utils.tokens import Token


class Ask(BaseModel):
    """What a client may ask for; FastAPI answers anything else with status 422."""

    prompt: str = Field(min_length=1)
    max_tokens: int = Field(128, ge=1)
    temperature: float = Field(0.7, ge=0, le=2)
    stream: bool = False


def encode_event(data: dict[str, Any] | str) -> bytes:
    """One event, as notebook 03 writes it."""
    payload = data if isinstance(data, str) else json.dumps(data)
    return f"data: {payload}\n\n".encode()


async def events(steps: Iterator[Token]) -> AsyncIterator[bytes]:
    """An event per token, each made on a thread of the loop's pool, then `[DONE]`."""
    loop = asyncio.get_running_loop()
    while True:
        token: Any = await loop.run_in_executor(None, next, steps, END)
        if token is END:
            break
        yield encode_event(token.event())
    yield encode_event("[DONE]")


def make_app(engine: Engine) -> FastAPI:
    """`POST /generate` in two modes and `GET /health`, around `engine`."""
    app = FastAPI()

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/generate")
    async def generate(ask: Ask) -> Any:
        asked = ask.prompt, ask.max_tokens, ask.temperature
        if ask.stream:
            steps = engine.generate_stream(*asked)
            return StreamingResponse(events(steps), media_type="text/event-stream")
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(None, engine.generate, *asked)
        return answer.as_dict()

    return app
