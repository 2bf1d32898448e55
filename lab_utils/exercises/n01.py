"""Exercises for notebook 01: who waits, and the smallest ASGI apps."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import cache, partial
from time import sleep
from typing import Any

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from lab_utils import sse
from lab_utils.baselines import create_flask_app
from lab_utils.engine import FakeEngine
from lab_utils.exercises.exercise import Exercise, Wrong
from lab_utils.exercises.n01_streams import Streams
from lab_utils.lessons.n01_grid import answers
from lab_utils.recording import Recording
from lab_utils.server import BackgroundServer

Predict = Callable[[], dict[str, tuple[bool, bool]]]
App = Callable[..., Awaitable[None]]

SHAPES = [f"{server}, {way}" for server in ("Flask, one thread", "Flask, 16 threads",
                                            "FastAPI, async def", "FastAPI, def")
          for way in ("whole", "as made")]


def _box(shape: str, predict: Predict) -> None:
    """One box of 1.1."""
    predicted = predict()
    if shape not in predicted:
        raise Wrong(f"Nothing is predicted for {shape!r}. Keep all {len(SHAPES)} keys.")
    early, alive = _measured(shape)
    if tuple(predicted[shape]) == (early, alive):
        return
    raise Wrong(
        f"{shape}: the first token came {'early' if early else 'at the end'}, and "
        f"/health {'was answered' if alive else 'waited'}. When bytes leave is one "
        "question (whole or as made), who waits meanwhile is another: which thread is "
        "inside the engine? See 1.4."
    )


@cache
def _measured(shape: str) -> tuple[bool, bool]:
    server, _, way = shape.rpartition(", ")
    engine = FakeEngine(["word "] * 20, step_ms=10)
    apps: dict[str, tuple[Any, int]] = {
        "Flask, one thread": (create_flask_app(engine), 1),
        "Flask, 16 threads": (create_flask_app(engine), 16),
        "FastAPI, async def": (_fastapi(engine, blocking=True), 1),
        "FastAPI, def": (_fastapi(engine, blocking=False), 1),
    }
    app, threads = apps[server]

    async def record(url: str) -> tuple[bool, bool]:
        stream = way == "as made"
        return answers(await Recording(url, "Hi", every=0.02, stream=stream).start())

    with BackgroundServer(app, threads=threads) as running:
        return asyncio.run(record(running.url))


def _fastapi(engine: FakeEngine, blocking: bool) -> FastAPI:
    app = FastAPI()

    def steps() -> Iterator[bytes]:
        for token in engine.generate_stream("Hi"):
            yield sse.encode(token.event())
        yield sse.encode(sse.DONE)

    async def on_the_loop() -> Any:
        for piece in steps():  # blocks at each step, and nothing is awaited
            yield piece

    async def as_async(body: dict[str, Any]) -> Any:
        if body.get("stream"):
            return StreamingResponse(on_the_loop(), media_type=sse.MEDIA_TYPE)
        return engine.generate("Hi").as_dict()

    def as_def(body: dict[str, Any]) -> Any:
        if body.get("stream"):
            return StreamingResponse(steps(), media_type=sse.MEDIA_TYPE)
        return engine.generate("Hi").as_dict()

    app.add_api_route("/generate", as_async if blocking else as_def, methods=["POST"],
                      response_model=None)
    app.add_api_route("/health", _health)
    return app


async def _health() -> dict[str, str]:
    return {"status": "ok"}


async def _call(app: App, path: str, **more: Any) -> list[dict[str, Any]]:
    """The messages that `app` sends for a GET of `path`."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    await app(scope, receive, send, **more)
    return sent


def _sent(app: App, path: str, **more: Any) -> list[dict[str, Any]]:
    sent = asyncio.run(_call(app, path, **more))
    if not sent:
        raise Wrong(f"GET {path}: nothing was sent. Calling an async function only "
                    "makes a coroutine; `await send(...)` runs it. See 1.6.")
    return sent


def _starts_then_ends(app: App) -> None:
    sent = _sent(app, "/health")
    types = [message.get("type") for message in sent]
    if types != ["http.response.start", "http.response.body"]:
        raise Wrong(f"You sent {types}. An answer is one `http.response.start`, with "
                    "the status, and then its body, here in one piece. See 1.6.")


def _health_is_ok(app: App) -> None:
    start, *bodies = _sent(app, "/health")
    body = bodies[-1].get("body", b"") if bodies else b""
    if not isinstance(body, bytes):
        raise Wrong(f"The body was {type(body).__name__}, {body!r}. On the wire there "
                    f"are only bytes: `b\"ok\"`. See 1.6.")
    if (start.get("status"), body) != (200, b"ok"):
        raise Wrong(f"/health got {start.get('status')} {body!r}; expected 200 "
                    "b'ok'. See 1.6.")


def _others_are_not_found(app: App) -> None:
    status = _sent(app, "/nope")[0].get("status")
    if status != 404:
        raise Wrong(f"/nope got {status}; expected 404. What is asked for stands in "
                    "`scope[\"path\"]`. See 1.6.")


def _three_pieces(app: App) -> None:
    sent = _sent(app, "/", pause=_no_pause)
    bodies = [each for each in sent if each["type"] == "http.response.body"]
    pieces = [each["body"] for each in bodies if each.get("body")]
    if pieces != [b"A", b"B", b"C"]:
        raise Wrong(f"The pieces were {pieces}; expected A, B and C, a message for "
                    "each. In one message the client sees A only when C exists.")


def _ends_once(app: App) -> None:
    sent = _sent(app, "/", pause=_no_pause)
    more = [each.get("more_body", False) for each in sent
            if each["type"] == "http.response.body"]
    if more[-1] or not all(more[:-1]):
        raise Wrong(f"`more_body` was {more}. True says that more will come; after the "
                    "first message without it the server closes, and what you send "
                    "then has nowhere to go. See 1.6.")


def _others_run_meanwhile(app: App) -> None:
    beats = 0

    async def pause() -> None:
        await asyncio.sleep(0.1)

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    async def both() -> None:
        heart = asyncio.ensure_future(beat())
        await _call(app, "/", pause=pause)
        heart.cancel()

    asyncio.run(both())
    if beats < 7:
        raise Wrong(f"In three pauses others had {beats} turns of about 20. Pause with "
                    "`await pause()`: it gives the loop back; anything else keeps it. "
                    "See 1.2.")


async def _no_pause() -> None:
    await asyncio.sleep(0)


def _fewest(threads: int, kill_health: Callable[[str], int]) -> None:
    """1.4 on a pool of that many threads."""
    streams = Streams()
    with BackgroundServer(streams.app(), threads=threads) as server:
        said = kill_health(server.url)
        for _ in range(100):
            if not streams.open:
                break
            sleep(0.02)
        left, most = streams.open, streams.most
    if said == threads and most < threads:
        raise Wrong(f"{said} is right, but at most {most} streams were open at a time, "
                    "so you cannot have seen it. A thread is held only while the "
                    "client stays: keep them open. See 1.5.")
    if said != threads:
        raise Wrong(f"You say {said}, and at most {most} streams were open at a time. "
                    f"With {threads} threads, /health was dead at {threads} open "
                    "streams and not before. Open one more at a time, keep them all, "
                    "and ask /health with a timeout. See 1.5.")
    if left:
        raise Wrong(f"{left} of your streams were still open afterwards: close them, "
                    "or nobody else is served.")


EXERCISES = [
    Exercise("1.1", "Fill the boxes", "predict", 5,
             tuple(partial(_box, shape) for shape in SHAPES), core=True),
    Exercise("1.2", "The smallest ASGI app", "app", 8,
             (_starts_then_ends, _health_is_ok, _others_are_not_found), core=True),
    Exercise("1.3", "Three pieces", "stream_app", 8,
             (_three_pieces, _ends_once, _others_run_meanwhile)),
    Exercise("1.4", "Break it: the fewest streams", "kill_health", 10,
             (partial(_fewest, 4), partial(_fewest, 2))),
]
