"""The tutorial's Part 2 server, in one file, as it teaches it: `run_in_executor`.

Cured in one place only, where it would hang: a generator's end cannot cross a future.
`StopIteration` raised in the pool never arrives (Python 3.11) or arrives as a
`RuntimeError` (3.13), so `next` is asked for a sentinel instead. All its other traits
are left as they are, to be measured:

- steps of one generator run on whichever thread of the pool is free;
- the pool is the loop's default one, so many requests fill it;
- there is no queue, no limit and no 503;
- when the client leaves, the generator is dropped and not closed.

Run it as the tutorial does:

    python lab_utils/baselines/tutorial_server.py --demo
    python lab_utils/baselines/tutorial_server.py --port 5000
"""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from functools import partial
from time import perf_counter
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from lab_utils.client import LabClient
from lab_utils.engine import Engine
from lab_utils.engine.loading import load_engine
from lab_utils.server import BackgroundServer

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


def demo(app: FastAPI, prompt: str, max_tokens: int) -> None:
    """Ask `app` for one answer in both modes; print it and what its reader waits for.

    The answer is the same both times: at temperature 0 nothing is left to chance.
    """
    asked: dict[str, Any] = {"max_tokens": max_tokens, "temperature": 0}
    with BackgroundServer(app) as server, LabClient(server.url) as client:
        print(f"> {prompt}")
        begun = perf_counter()
        answer = client.generate(prompt, **asked)
        whole_ms = 1e3 * (perf_counter() - begun)
        print(f"{answer.text}\n\nstream=false: first text after {whole_ms:.0f} ms, "
              f"all {answer.completion_tokens} tokens after {whole_ms:.0f} ms\n")
        begun, came = perf_counter(), list[float]()
        for token in client.stream(prompt, **asked):
            came.append(1e3 * (perf_counter() - begun))
            print(token.text, end="", flush=True)
        print(f"\n\nstream=true: first text after {came[0]:.0f} ms, "
              f"all {len(came)} tokens after {came[-1]:.0f} ms")


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the tutor as the tutorial does, or show both modes and end."""
    parser = argparse.ArgumentParser(
        description="The tutorial's Part 2 server.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--demo", action="store_true", help="ask for one answer in both modes, and end")
    add("--port", type=int, default=5000, help="0 takes a free port")
    add("--model", default="tutor", help="as for `python -m lab_utils serve`")
    add("--dtype", default="auto", help="of the weights")
    add("--pace-ms", type=float, default=0, help="make each step last at least this "
        "long, to watch a fast model")
    options = parser.parse_args(arguments)
    # The tutorial has only transformers' own forward.
    engine = load_engine(options.model, dtype=options.dtype, lean=False,
                         pace_ms=options.pace_ms)
    app = create_tutorial_app(engine)
    if options.demo:
        demo(app, "Tell me a story.", 60)
    else:
        uvicorn.run(app, host="127.0.0.1", port=options.port)


if __name__ == "__main__":
    main()
