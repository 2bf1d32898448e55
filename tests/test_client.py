"""The client: tokens as they arrive, errors in words, nothing left open."""

import asyncio
import socket
from contextlib import aclosing
from typing import Any

import pytest

from lab_utils import LabClient
from lab_utils.client import (
    LabError,
    RequestRefused,
    ServerGone,
    StreamFailed,
)
from lab_utils.engine import FakeEngine
from tests.support import Serve, endless, wait_until


def test_a_stream_is_the_tokens_of_the_engine(serve: Serve) -> None:
    served = serve(FakeEngine("a b c"))
    tokens = list(served.client.stream("hi"))
    assert [token.text for token in tokens] == ["a", " b", " c"]
    assert [token.is_first for token in tokens] == [True, False, False]
    assert tokens[-1].finish_reason == "stop"


def test_a_whole_answer_is_a_generation(serve: Serve) -> None:
    answer = serve(FakeEngine("a b c")).client.generate("hi", max_tokens=2)
    assert answer.text == "a b" and answer.finish_reason == "length"


def test_each_method_has_an_asynchronous_twin(serve: Serve) -> None:
    client = serve(FakeEngine("a b c")).client

    async def work() -> None:
        tokens = [token async for token in client.astream("hi", max_tokens=2)]
        assert [token.text for token in tokens] == ["a", " b"]
        assert (await client.agenerate("hi")).text == "a b c"
        assert (await client.ahealth())["status"] == "ok"

    asyncio.run(work())


def test_a_token_is_there_before_the_next_is_made(serve: Serve) -> None:
    engine = FakeEngine("a b c", hang_at=1)
    tokens = serve(engine).client.stream("hi")
    assert next(tokens).text == "a"
    assert engine.made == 1
    engine.unhang()
    assert [token.text for token in tokens] == [" b", " c"]


def test_leaving_the_loop_ends_the_request(serve: Serve) -> None:
    engine = endless()
    served = serve(engine)
    for token in served.client.stream("hi", max_tokens=90_000):
        assert token.text
        break
    served.until_free()
    assert engine.made < 5_000


def test_leaving_the_asynchronous_loop_ends_the_request(serve: Serve) -> None:
    engine = endless()
    served = serve(engine)

    async def leave() -> None:
        async for token in served.client.astream("hi", max_tokens=90_000):
            assert token.text
            break
        await asyncio.to_thread(served.until_free)

    asyncio.run(leave())
    assert engine.made < 5_000


def test_closing_or_cancelling_a_stream_ends_the_request(serve: Serve) -> None:
    served = serve(endless())
    tokens = served.client.stream("hi", max_tokens=90_000)
    next(tokens)
    tokens.close()
    served.until_free()

    async def work() -> None:
        async with aclosing(served.client.astream("hi", max_tokens=90_000)) as stream:
            await anext(stream)
        await asyncio.to_thread(served.until_free)
        task = asyncio.create_task(served.client.agenerate("hi", max_tokens=90_000))
        await asyncio.to_thread(wait_until, lambda: served.running() == 1, "it runs")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.to_thread(served.until_free)

    asyncio.run(work())


def methods(client: LabClient, **fields: Any) -> list[Any]:
    """Every way to ask, as functions."""

    async def drain() -> None:
        async for _ in client.astream("hi", **fields):
            pass

    return [
        lambda: client.generate("hi", **fields),
        lambda: list(client.stream("hi", **fields)),
        lambda: asyncio.run(client.agenerate("hi", **fields)),
        lambda: asyncio.run(drain()),
    ]


def test_a_refusal_has_the_status_and_says_the_reason(serve: Serve) -> None:
    served = serve(FakeEngine(context=20))
    for ask in methods(served.client, max_tokens=99):
        with pytest.raises(RequestRefused, match=r"400: .* 20 tokens") as caught:
            ask()
        assert caught.value.status == 400
        assert caught.value.body["error"]["code"] == "context_length_exceeded"
    for ask in methods(served.client, max_tokens=0):
        with pytest.raises(RequestRefused, match="422: max_tokens: "):
            ask()


def test_an_error_in_the_middle_is_a_failed_stream(serve: Serve) -> None:
    served = serve(FakeEngine(fail_at=2))
    _, stream, _, astream = methods(served.client)
    for ask in (stream, astream):
        with pytest.raises(StreamFailed, match="The engine failed"):
            ask()


def test_a_server_that_is_not_there_is_said_not_to_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    with LabClient(f"http://127.0.0.1:{port}") as client:
        asks = [*methods(client), client.health, lambda: asyncio.run(client.ahealth())]
        for ask in asks:
            with pytest.raises(ServerGone, match=f"{port} does not answer"):
                ask()


def test_a_timeout_is_said_to_be_one(serve: Serve) -> None:
    engine = FakeEngine(hang_at=0)
    served = serve(engine)
    with LabClient(served.url, timeout=0.1) as client:
        for ask in methods(client):
            with pytest.raises(ServerGone, match="did not answer in time"):
                ask()
    engine.unhang()
    served.until_free()


def test_health_is_told_also_when_it_is_bad(serve: Serve) -> None:
    served = serve(FakeEngine(fail_at=0, error=SystemExit()))
    with pytest.raises(RequestRefused, match="503"):
        served.client.generate("hi")
    assert served.client.health()["status"] == "dead"
    assert asyncio.run(served.client.ahealth())["status"] == "dead"


def test_the_key_is_sent_with_every_request(serve: Serve) -> None:
    served = serve(FakeEngine("a"), api_key="k")
    for ask in methods(served.client):
        ask()
    with LabClient(served.url, api_key="wrong") as client:
        for ask in methods(client):
            with pytest.raises(RequestRefused, match="401: this server asks"):
                ask()


def test_a_proxy_of_the_campus_never_sees_the_request(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve(FakeEngine("a b"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with LabClient(served.url) as client:
        for ask in methods(client):
            ask()


def test_a_slash_at_the_end_of_the_address_does_no_harm(serve: Serve) -> None:
    with LabClient(serve(FakeEngine("a")).url + "/") as client:
        assert client.generate("hi").text == "a"


def test_every_error_of_the_client_is_one_kind() -> None:
    assert all(issubclass(kind, LabError)
               for kind in (ServerGone, RequestRefused, StreamFailed))
