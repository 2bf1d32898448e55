"""The tutorial's Part 2 server, in one file, as it teaches it: `run_in_executor`.

Cured in one place only, where it would hang: a generator's end cannot cross a future.
`StopIteration` raised in the pool never arrives (Python 3.11) or arrives as a
`RuntimeError` (3.13), so `next` is asked for a sentinel instead. All its other traits
are left as they are, to be measured:

- steps of one generator run on whichever thread of the pool is free;
- the pool is the loop's default one, so many requests fill it;
- there is no queue, no limit and no 503;
- when the client leaves, the generator is dropped and not closed.

Run it: python -m lab_utils.baselines.tutorial_server --port 5000
"""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from lab_utils.engine import Engine
from lab_utils.engine.loading import load_engine

END = object()


class GenerateRequest(BaseModel):
    """The tutorial's request: one endpoint, two modes."""

    prompt: str
    max_tokens: int = 128
    temperature: float = 0.7
    stream: bool = False


def create_tutorial_app(engine: Engine) -> FastAPI:
    """Build the tutorial's server around `engine`."""
    app = FastAPI(title="Part 2: async streaming")

    async def stream_tokens(
        prompt: str, max_tokens: int, temperature: float
    ) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        tokens = engine.generate_stream(prompt, max_tokens, temperature)
        while True:
            token: Any = await loop.run_in_executor(None, next, tokens, END)
            if token is END:
                yield "data: [DONE]\n\n"
                break
            yield f"data: {json.dumps(token.event())}\n\n"

    @app.post("/generate")
    async def generate_endpoint(req: GenerateRequest) -> Any:
        if req.stream:
            return StreamingResponse(
                stream_tokens(req.prompt, req.max_tokens, req.temperature),
                media_type="text/event-stream",
            )
        loop = asyncio.get_running_loop()
        call = partial(engine.generate, req.prompt, req.max_tokens, req.temperature)
        result = await loop.run_in_executor(None, call)
        return result.as_dict()

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok", "model": engine.name, "runner": "tutorial"}

    return app


def main() -> None:
    """Serve the tutor as the tutorial does."""
    parser = argparse.ArgumentParser(description="The tutorial's Part 2 server.")
    parser.add_argument("--model", default="tutor")
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--dtype", default="auto")
    options = parser.parse_args()
    # The tutorial has only transformers' own forward.
    engine = load_engine(options.model, dtype=options.dtype, lean=False)
    app = create_tutorial_app(engine)
    uvicorn.run(app, host="127.0.0.1", port=options.port)


if __name__ == "__main__":
    main()
