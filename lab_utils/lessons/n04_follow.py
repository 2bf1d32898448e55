"""One request followed through client, event loop and engine, by one clock."""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import httpx

from lab_utils.address import Address
from lab_utils.engine import Engine
from lab_utils.lessons.n04_journey import Journey, journey
from lab_utils.server import BackgroundServer
from lab_utils.sse import Decoder
from lab_utils.tokens import Token

__all__ = ["Journey", "follow", "journey"]

App = Callable[..., Any]


class Noted:
    """`engine`, as far as a server of notebook 04 needs it; notes when it was asked
    and when each step of the stream was."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.asked: list[float] = []
        self.steps: list[tuple[float, float]] = []

    def generate_stream(self, *asked: Any, **more: Any) -> Iterator[Token]:
        """As the engine's own; a request that is not valid is not noted."""
        steps = self._engine.generate_stream(*asked, **more)
        self.asked.append(perf_counter())
        return self._noted(steps)

    def generate(self, *asked: Any, **more: Any) -> Any:
        """As the engine's own."""
        return self._engine.generate(*asked, **more)

    def _noted(self, steps: Iterator[Token]) -> Iterator[Token]:
        while True:
            begun = perf_counter()
            token = next(steps, None)
            if token is None:
                return
            self.steps.append((begun, perf_counter()))
            yield token


def noting(app: App, heard: list[float], wrote: list[float]) -> App:
    """The ASGI `app`; notes when a POST begins, and when a part of a body is sent."""

    async def noted(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "http.response.body" and message.get("body"):
                wrote.append(perf_counter())
            await send(message)

        if scope.get("method") == "POST":
            heard.append(perf_counter())
            await app(scope, receive, sending)
        else:
            await app(scope, receive, send)

    return noted


def follow(
    make_app: Callable[[Any], App], engine: Engine, prompt: str, max_tokens: int,
    label: str = "yours",
) -> Journey:
    """Stream one answer from the server that `make_app` makes, and note its way.

    It is asked twice, and the second time counts: the first warms everything up.
    """
    body = {"prompt": prompt, "max_tokens": max_tokens, "temperature": 0,
            "stream": True}
    noted, heard, wrote = Noted(engine), list[float](), list[float]()
    app = noting(make_app(noted), heard, wrote)
    with (BackgroundServer(app) as server,
          httpx.Client(base_url=server.url, headers=Address(server.url).headers,
                       trust_env=False) as http):
        for _ in range(2):
            for notes in noted.asked, noted.steps, heard, wrote:
                notes.clear()
            sent = perf_counter()
            read = list(_arrivals(http, body))
    return Journey(
        label, heard[0] - sent, noted.asked[0] - sent,
        [(begin - sent, end - sent) for begin, end in noted.steps],
        [each - sent for each in wrote], [each - sent for each in read],
    )


def _arrivals(http: httpx.Client, body: dict[str, Any]) -> Iterator[float]:
    """When each event came."""
    decoder = Decoder()
    with http.stream("POST", "/generate", json=body) as response:
        for chunk in response.iter_raw():
            for _ in decoder.feed(chunk):
                yield perf_counter()
