"""What a network does to a stream: the client finishes, or says what broke."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import Any

import httpx2
import openai
import pytest

from lab_utils import BackgroundServer, LabClient
from lab_utils.client import LabError, RequestRefused, ServerGone, StreamFailed
from lab_utils.engine import FakeEngine
from lab_utils.panel import LivePanel
from tests.faults.proxy import End, FaultProxy, Faults
from tests.panel.page import body
from tests.support import (
    KINDS,
    PATIENCE_S,
    Figure,
    Serve,
    Served,
    endless,
    wait_until,
)

TEXT = "a é 😀"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A server with a short answer."""
    with Served(FakeEngine(TEXT)) as served:
        yield served


def stream(client: LabClient) -> Iterator[str]:
    """The pieces of a stream."""
    return (token.text for token in client.stream("hi"))


def whole(client: LabClient) -> Iterator[str]:
    """The one piece of a whole answer."""
    yield client.generate("hi").text


def awaited(client: LabClient) -> Iterator[str]:
    """The pieces of a stream that is awaited; they come even if an error follows."""
    pieces: list[str] = []

    async def read() -> None:
        async with aclosing(client.astream("hi")) as tokens:
            async for token in tokens:
                pieces.append(token.text)

    try:
        asyncio.run(read())
    finally:
        yield from pieces


Ask = Callable[[LabClient], Iterator[str]]
ASKS: list[Ask] = [stream, whole, awaited]


def outcome(ask: Ask, client: LabClient) -> tuple[str, LabError | None]:
    """The text that arrived, and the error that ended it, if one did."""
    text = ""
    try:
        for piece in ask(client):
            text += piece
    except LabError as error:
        return text, error
    return text, None


ENDS: list[End] = ["close", "reset"]


def cuts(complete: bytes, in_head: int) -> Iterator[tuple[int, Faults]]:
    """A cut at each byte of the body, and at each `in_head`th of the head; the other
    end closes and resets in turn."""
    body = complete.index(b"\r\n\r\n") + 4
    for cut in range(len(complete) + 9):  # the times in it vary in length
        if cut >= body or cut % in_head == 0:
            yield cut, Faults(cut_at=cut, end=ENDS[cut % 2])


@pytest.mark.parametrize(("ask", "in_head"), [(stream, 1), (whole, 9), (awaited, 9)])
def test_row_57_an_answer_that_is_cut_at_any_byte_ends_in_a_clear_error(
    served: Served, ask: Ask, in_head: int, record_property: Figure
) -> None:
    endings: Counter[str] = Counter()
    with FaultProxy(served.url) as proxy:
        with LabClient(proxy.url, timeout=5) as client:
            assert outcome(ask, client) == (TEXT, None)
        complete = bytes(proxy.answers[0])
        for _, proxy.faults in cuts(complete, in_head):
            with LabClient(proxy.url, timeout=5) as client:
                text, error = outcome(ask, client)
            endings[type(error).__name__] += 1
            assert TEXT.startswith(text) and (error or text == TEXT)
            if error is not None:
                assert isinstance(error, ServerGone | StreamFailed), error
                assert len(str(error)) > 40
    assert endings["NoneType"] < 20 < endings["ServerGone"]
    record_property("figure", f"{endings.total()} cuts, each finished or named")
    served.until_free()


def test_row_57_openais_client_notices_each_cut_too(served: Served) -> None:
    def ask(client: openai.OpenAI) -> str:
        chunks = client.completions.create(model="fake", prompt="hi", stream=True)
        return "".join(chunk.choices[0].text for chunk in chunks)

    with (
        FaultProxy(served.url) as proxy,
        httpx2.Client(trust_env=False, verify=False) as http,
    ):
        client = openai.OpenAI(base_url=f"{proxy.url}/v1", api_key="none",
                               max_retries=0, timeout=5, http_client=http)
        assert ask(client) == TEXT
        complete = bytes(proxy.answers[0])
        for cut, proxy.faults in cuts(complete, 50):
            if cut % 5 == 0:
                with contextlib.suppress(openai.OpenAIError, httpx2.TransportError):
                    assert ask(client) == TEXT
    served.until_free()


@pytest.mark.parametrize("faults", [
    Faults(slice_bytes=1), Faults(latency_s=0.02), Faults(latency_s=0.01, slice_bytes=7)
], ids=["slices", "latency", "both"])
@pytest.mark.parametrize("ask", ASKS)
def test_row_57_a_proxy_may_slice_and_delay_as_it_likes(
    served: Served, ask: Ask, faults: Faults
) -> None:
    with FaultProxy(served.url, faults) as proxy, LabClient(proxy.url) as client:
        assert outcome(ask, client) == (TEXT, None)


@pytest.mark.parametrize("kind", KINDS)
def test_row_57_whom_a_proxy_cuts_off_loses_the_slot(
    serve: Serve, kind: str
) -> None:
    served = serve(endless(), kind=kind)
    for end in ("close", "reset", "half-close"):
        faults = Faults(cut_at=1000, end=end)
        with (
            FaultProxy(served.url, faults) as proxy, LabClient(proxy.url) as client,
            pytest.raises(ServerGone, match="broke the connection off"),
        ):
            list(client.stream("hi", max_tokens=90_000))
        served.until_free()


def test_row_57_a_connection_that_falls_silent_is_left_when_the_time_is_over(
    serve: Serve,
) -> None:
    served = serve(endless())
    faults = Faults(cut_at=1000, end="hang")
    with FaultProxy(served.url, faults) as proxy:
        with (
            LabClient(proxy.url, timeout=0.3) as client,
            pytest.raises(ServerGone, match="did not answer in time"),
        ):
            list(client.stream("hi", max_tokens=90_000))
        served.until_free()


@pytest.mark.runner("notebook")
def test_row_57_a_panel_says_what_broke_and_keeps_what_came(serve: Serve) -> None:
    served = serve(endless())
    with FaultProxy(served.url, Faults(cut_at=1000)) as proxy:
        panel = LivePanel(proxy.url)
        with pytest.raises(ServerGone, match="broke the connection off"):
            panel.generate("hi", max_tokens=90_000).join(PATIENCE_S)
        wait_until(lambda: "broke the connection off" in body(panel))
        assert "tick" in body(panel)
        panel.close()
    served.until_free()


def saying(status: int, kind: bytes, body: bytes) -> BackgroundServer:
    """A server, or a proxy in its place, that has one answer to everything."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", kind)]
        await send({"type": "http.response.start", "status": status,
                    "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return BackgroundServer(app)


EVENTS, PAGE, JSON = b"text/event-stream", b"text/html", b"application/json"
FIRST = b'data: {"token": "a", "token_id": 0, "prefill_time_ms": 1}\n\n'


@pytest.mark.parametrize(("status", "kind", "body", "expected"), [
    (200, EVENTS, FIRST, LabError),
    (200, EVENTS, b"", LabError),
    (200, EVENTS, FIRST + b'data: ["token"]\n\ndata: [DONE]\n\n', LabError),
    (200, EVENTS, b'data: {"token": "a"}\n\ndata: [DONE]\n\n', LabError),
    (200, EVENTS, b"data: null\n\n", LabError),
    (200, EVENTS, b'data: {"error": null}\n\n', LabError),
    (200, PAGE, b"<html>Please log in</html>", LabError),
    (200, JSON, b'"text"', LabError),
    (502, PAGE, b"<html>502 Bad Gateway</html>", RequestRefused),
    (503, PAGE, b"", RequestRefused),
    (307, PAGE, b"", RequestRefused),
], ids=lambda value: str(value)[:30])
@pytest.mark.parametrize("ask", ASKS)
def test_row_57_what_is_no_answer_of_ours_is_a_clear_error(
    ask: Ask, status: int, kind: bytes, body: bytes, expected: type[LabError]
) -> None:
    with saying(status, kind, body) as server, LabClient(server.url) as client:
        text, error = outcome(ask, client)
        assert text in ("", "a")
        assert isinstance(error, expected), error
        assert len(str(error)) > 20
        with pytest.raises(expected):
            client.health()
        with pytest.raises(expected):
            asyncio.run(client.ahealth())
