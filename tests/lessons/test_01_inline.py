"""What lesson 01 builds by hand behaves as asyncio and the library do."""

import asyncio
from typing import Any

import httpx
import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_utils import BackgroundServer, LabClient
from lab_utils.baselines import create_flask_app
from lab_utils.engine import FakeEngine
from lab_utils.pings import pinging
from lab_utils.recording import record
from tests.lessons.lesson import Lesson
from tests.support import wait_until

lesson = Lesson("01")
jobs = st.lists(st.integers(min_value=0, max_value=5), max_size=6)


@settings(max_examples=50, deadline=None)
@given(jobs)
def test_the_eight_lines_take_turns_as_asyncio_does(lengths: list[int]) -> None:
    names = lesson.define("order", "job", "take_turns", "task")
    order: list[str] = names["order"]
    order.clear()
    names["take_turns"]([names["job"](f"{n}.", size) for n, size in enumerate(lengths)])
    by_hand = list(order)
    order.clear()

    async def together() -> None:
        await asyncio.gather(
            *(names["task"](f"{n}.", size) for n, size in enumerate(lengths))
        )

    asyncio.run(together())
    assert order == by_hand
    assert len(order) == sum(lengths)


def flask_by_hand(engine: FakeEngine) -> Flask:
    """The app that the cell of 1.3 makes; its endpoints are known to it only."""
    [cell] = [cell for cell in lesson.code if "flask_app = Flask(" in cell.source]
    names = lesson.define("pieces")
    exec(cell.source.partition("guess = ")[0], names)
    names["engine"] = engine
    app: Flask = names["flask_app"]
    return app


@pytest.mark.parametrize("stream", [False, True])
def test_the_flask_app_by_hand_answers_as_the_library_s(stream: bool) -> None:
    engine = FakeEngine("a b c d", step_ms=1)
    runs = []
    for app in flask_by_hand(engine), create_flask_app(engine):
        with BackgroundServer(app) as server:
            runs.append(record(server.url, "Hello", stream=stream))
    by_hand, ours = runs
    assert by_hand.text == ours.text == "a b c d"
    assert by_hand.pieces == ours.pieces
    assert by_hand.finish_reason == ours.finish_reason == "stop"


def fastapi_apps() -> dict[str, Any]:
    """What the cells of 1.4 make; its endpoints are known to their apps only."""
    names = lesson.define("FakeEngine", "pieces", "predict")
    for cell in lesson.section("1.4").code:
        if "import FastAPI" in cell.source or ".post(" in cell.source:
            exec(cell.source, names)
    names["engine"].step_ms = 1
    return names


@pytest.mark.parametrize("name", ["with_async", "plain"])
def test_both_fastapi_servers_give_the_same_tokens_whole_and_streamed(
    name: str,
) -> None:
    names = fastapi_apps()
    with BackgroundServer(names[name]) as server, LabClient(server.url) as client:
        streamed = [token.text for token in client.stream("Hello")]
        assert streamed == names["engine"].pieces
        assert client.generate("Hello").text == "".join(streamed)
        assert client.health()["status"] == "ok"


def test_one_thread_by_hand_keeps_health_waiting_until_the_engine_is_done() -> None:
    engine = FakeEngine("a b", hang_at=1)
    app = flask_by_hand(engine)
    with BackgroundServer(app) as server, LabClient(server.url) as client:
        tokens = client.stream("Hello")
        next(tokens)
        with pinging(server.url, every=0.01) as timeline:
            wait_until(lambda: len(timeline.pings) > 5, "some pings")
            assert all(ping.answered is None for ping in timeline.pings)
            engine.unhang()
            assert len(list(tokens)) == 1


async def received(app: Any, path: str, leaves: asyncio.Event) -> list[dict[str, Any]]:
    """What `app` sends until the client, who asked at `path`, leaves."""
    messages: list[dict[str, Any]] = []
    asked = iter([{"type": "http.request", "body": b""}])

    async def receive() -> dict[str, Any]:
        for message in asked:
            return message
        await leaves.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    await app({"type": "http", "path": path}, receive, send)
    return messages


@pytest.mark.parametrize("path, text", [("/", b"I am here"), ("/health", b"")])
def test_the_asgi_app_by_hand_says_what_asgi_asks_for(path: str, text: bytes) -> None:
    app, left = lesson.define("app")["app"], asyncio.Event()
    left.set()
    start, *bodies = asyncio.run(received(app, path, left))
    assert start["type"] == "http.response.start" and start["status"] == 200
    assert {body["type"] for body in bodies} == {"http.response.body"}
    assert all(body["more_body"] for body in bodies[:-1])
    assert "more_body" not in bodies[-1]
    assert b"".join(body.get("body", b"") for body in bodies) == text


def test_the_asgi_app_by_hand_stays_until_its_client_leaves() -> None:
    app = lesson.define("app")["app"]

    async def stay() -> None:
        left = asyncio.Event()
        stream = asyncio.create_task(received(app, "/", left))
        done, _ = await asyncio.wait([stream], timeout=1.5)
        assert not done
        left.set()
        await stream

    asyncio.run(stay())


def test_the_asgi_app_by_hand_sends_each_word_when_it_has_it() -> None:
    app = lesson.define("app")["app"]
    with (
        BackgroundServer(app) as server,
        httpx.stream("GET", server.url, trust_env=False) as response,
    ):
        words = response.iter_raw()
        assert [next(words) for _ in range(3)] == [b"I ", b"am ", b"here"]
