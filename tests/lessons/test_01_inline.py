"""What lesson 01 builds by hand behaves as asyncio and the library do."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_utils import BackgroundServer, LabClient
from lab_utils.baselines import create_flask_app
from lab_utils.engine import FakeEngine
from lab_utils.recording import pinging, record
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


@pytest.mark.parametrize("stream", [False, True])
def test_the_flask_app_by_hand_answers_as_the_library_s(stream: bool) -> None:
    engine = FakeEngine("a b c d", step_ms=1)
    runs = []
    for build in lesson.define("flask_app")["flask_app"], create_flask_app:
        with BackgroundServer(build(engine)) as server:
            runs.append(record(server.url, "Hello", stream=stream))
    by_hand, ours = runs
    assert by_hand.text == ours.text == "a b c d"
    assert by_hand.pieces == ours.pieces
    assert by_hand.finish_reason == ours.finish_reason == "stop"


def fastapi_apps() -> dict[str, Any]:
    """What the cell of 1.4 makes; its endpoints are known to their apps only."""
    [cell] = [cell for cell in lesson.code if "with_async = FastAPI()" in cell.source]
    names = lesson.define("FakeEngine", "pieces")
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
    app = lesson.define("flask_app")["flask_app"](engine)
    with BackgroundServer(app) as server, LabClient(server.url) as client:
        tokens = client.stream("Hello")
        next(tokens)
        with pinging(server.url, every=0.01) as (_, pings):
            wait_until(lambda: len(pings) > 5, "some pings")
            assert all(ping.answered is None for ping in pings)
            engine.unhang()
            assert len(list(tokens)) == 1


async def received(app: Any, path: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    await app({"type": "http", "path": path}, None, send)
    return messages


def test_the_asgi_app_by_hand_says_what_asgi_asks_for() -> None:
    app = lesson.define("app")["app"]
    start, *bodies = asyncio.run(received(app, "/health"))
    assert start["type"] == "http.response.start" and start["status"] == 200
    assert [body["type"] for body in bodies] == ["http.response.body"] * 4
    assert [body.get("more_body", False) for body in bodies] == [True] * 3 + [False]
    assert b"".join(body.get("body", b"") for body in bodies) == b"I am here"


def test_the_asgi_app_by_hand_refuses_what_is_not_http() -> None:
    app = lesson.define("app")["app"]
    with pytest.raises(AssertionError):
        asyncio.run(app({"type": "lifespan"}, None, None))


def test_patient_holds_its_streams_open_until_it_is_told_to_close() -> None:
    names = lesson.define("open_now", "patient")

    async def three() -> int:
        running = [
            asyncio.create_task(received(names["patient"], "/")) for _ in range(3)
        ]
        await asyncio.sleep(0)
        assert (await received(names["patient"], "/health"))[-1]["body"] == b"ok"
        during: int = names["open_now"]
        names["closing"] = True
        await asyncio.gather(*running)
        return during

    assert asyncio.run(three()) == 3
    assert names["open_now"] == 0
