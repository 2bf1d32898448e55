"""Exercises for notebook 05: a server that starts, answers, and stops."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from time import perf_counter

import httpx
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from lab_utils.exercises.exercise import Exercise, Wrong
from lab_utils.server import BackgroundServer
from lab_utils.server.serving import bind, make_server

Stop = Callable[[], None]
Start = Callable[[FastAPI], tuple[str, Stop]]
Works = Callable[[], dict[tuple[str, str], bool]]
Leak = Callable[[Start, FastAPI], tuple[int, int]]

PATIENCE_S = 1.0
"""For an answer that a free server gives within milliseconds."""

STOP_S = 3.0
LONG_S = 6.0
"""A stream that nobody stops: longer than a stop may take, shorter than a part."""

IDEAS = {
    ("task", "sync"): "The client held the thread on which the server had to answer: "
                      "each waited for the other until the time was up.",
    ("task", "async"): "`await` gave the loop back, and on it the server answered.",
    ("thread", "sync"): "The server has a loop of its own, on another thread.",
    ("thread", "async"): "The server has a loop of its own, on another thread.",
}


def _app() -> FastAPI:
    app = FastAPI()

    async def long() -> AsyncIterator[bytes]:
        for _ in range(int(LONG_S / 0.05)):
            yield b"x"
            await asyncio.sleep(0.05)

    @app.get("/")
    async def hello() -> str:
        return "hello"

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(long())

    return app


def _pair(pair: tuple[str, str], works: Works) -> None:
    """5.1 for one pair of a server and a client."""
    said = works()
    if pair not in said:
        raise Wrong(f"Nothing is said about {pair}. Keep all four keys.")
    answered = _answers(pair)
    if said[pair] != answered:
        raise Wrong(f"Server: {pair[0]}, client: {pair[1]}. It "
                    f"{'answered' if answered else 'did not answer'}. {IDEAS[pair]} "
                    "See 5.6.")


@cache
def _answers(pair: tuple[str, str]) -> bool:
    server, client = pair

    async def ask(url: str) -> bool:
        try:
            if client == "sync":
                httpx.get(url, timeout=PATIENCE_S, trust_env=False)
            else:
                async with httpx.AsyncClient(trust_env=False) as web:
                    await web.get(url, timeout=PATIENCE_S)
        except httpx.TimeoutException:
            return False
        return True

    async def on_this_loop() -> bool:
        with bind("127.0.0.1", 0) as sock:
            running = make_server(_app())
            task = asyncio.ensure_future(running.serve(sockets=[sock]))
            while not running.started:
                await asyncio.sleep(0.01)
            answered = await ask(f"http://127.0.0.1:{sock.getsockname()[1]}/")
            running.should_exit = True
            await task
            return answered

    if server == "task":
        return asyncio.run(on_this_loop())
    with BackgroundServer(_app()) as thread:
        return asyncio.run(ask(thread.url))


def _get(url: str) -> int:
    """The status of GET /, or 0 if nobody answers."""
    try:
        return httpx.get(url, timeout=PATIENCE_S, trust_env=False).status_code
    except httpx.HTTPError:
        return 0


def _answers_there(start: Start) -> None:
    url, stop = start(_app())
    status = _get(url)
    stop()
    if status != 200:
        raise Wrong(f"GET {url} got {status or 'no answer'}. `start` must not return "
                    "before `server.started`. See 5.3.")


def _two_ports(start: Start) -> None:
    first, stop_first = start(_app())
    try:
        second, stop_second = start(_app())
    except (Exception, SystemExit) as error:
        stop_first()
        raise Wrong(f"The second server could not start: {error!r}. Two servers "
                    "cannot have one port: take a free one (0). See 5.3.") from None
    both = _get(first), _get(second)
    stop_first()
    stop_second()
    if first == second or both != (200, 200):
        raise Wrong(f"Two servers at once, at {first} and {second}, gave {both}. Each "
                    "needs a port of its own. See 5.3.")


def _failure_is_raised_here(start: Start) -> None:
    @asynccontextmanager
    async def broken(app: FastAPI) -> AsyncIterator[None]:
        raise OSError("no weights")
        yield

    began = perf_counter()
    try:
        _, stop = start(FastAPI(lifespan=broken))
    except (Exception, SystemExit) as error:
        if perf_counter() - began > PATIENCE_S * 5:
            raise Wrong("Start-up failed at once, and your loop waited until it was "
                        "stopped: ask `thread.is_alive()` too. See 5.2.") from error
        return
    stop()
    raise Wrong("The app failed to start, and `start` returned as if all was well. "
                "Look whether the thread has died, and raise. See 5.2.")


def _stop_ends_it(start: Start) -> None:
    threads = set(threading.enumerate())
    url, stop = start(_app())
    stop()
    more = set(threading.enumerate()) - threads
    port = int(url.rstrip("/").rpartition(":")[2])
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise Wrong(f"After stop() port {port} still answers. Set "
                        "`server.should_exit`, and wait for the thread (`join`). See "
                        "5.5.")
    if more:
        raise Wrong(f"After stop() {len(more)} more threads run than before. Wait for "
                    "yours: `thread.join()`. See 5.5.")


def _stop_in_a_stream(start: Start) -> None:
    url, stop = start(_app())
    with (httpx.Client(base_url=url, trust_env=False) as web,
          web.stream("GET", "/stream", timeout=None) as answer):
        pieces = answer.iter_raw()  # kept: without it the stream would be closed
        next(pieces)
        began = perf_counter()
        stop()
        took = perf_counter() - began
    if took > STOP_S:
        raise Wrong(f"One open stream kept stop() waiting for {took:.0f} s. Say how "
                    "long uvicorn may wait: `timeout_graceful_shutdown=1`. See 5.5.")


def _plain(app: FastAPI) -> tuple[str, Stop]:
    """Each run starts one more."""
    server = BackgroundServer(app).start()
    return server.url, server.stop


_kept: list[Stop] = []


def _replacing(app: FastAPI) -> tuple[str, Stop]:
    """Each run stops the one before."""
    while _kept:
        _kept.pop()()
    server = BackgroundServer(app).start()
    _kept.append(server.stop)
    return server.url, server.stop


def _dying(app: FastAPI) -> tuple[str, Stop]:
    """It starts, and does not answer any more."""
    server = BackgroundServer(app).start()
    server.stop()
    return server.url, server.stop


RECIPES: dict[str, tuple[Start, tuple[int, int]]] = {
    "each run starts one more": (_plain, (3, 3)),
    "each run stops the one before": (_replacing, (1, 1)),
    "it dies at once": (_dying, (0, 0)),
}


def _leaks(kind: str, leak: Leak) -> None:
    """5.3 with one of the recipes."""
    recipe, due = RECIPES[kind]
    before = set(threading.enumerate())
    stops: list[Stop] = []

    def start(app: FastAPI) -> tuple[str, Stop]:
        url, stop = recipe(app)
        stops.append(stop)
        return url, stop

    found = tuple(leak(start, _app()))
    left = len(set(threading.enumerate()) - before)
    for stop in stops:
        stop()
    if found != due:
        raise Wrong(f"A recipe where {kind}: after three runs you count {found}; there "
                    f"were {due} more threads, and servers that still answer. Run it "
                    "three times, ask each address, count threads before and after. "
                    "See 5.4.")
    if left:
        raise Wrong(f"The count is right, and {left} threads still run: a thread does "
                    "not stop because nobody remembers it. Call each `stop`. See 5.4.")


EXERCISES = [
    Exercise("5.1", "Which pairs work?", "works", 5,
             tuple(partial(_pair, pair) for pair in IDEAS), core=True),
    Exercise("5.2", "Start it", "start", 15,
             (_answers_there, _two_ports, _failure_is_raised_here, _stop_ends_it,
              _stop_in_a_stream)),
    Exercise("5.3", "Break it: the cell that is run three times", "leak", 8,
             tuple(partial(_leaks, kind) for kind in RECIPES)),
]
