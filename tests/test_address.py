"""Servers in OpenAI's format, asked by our client, panel, race and recording."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from lab_utils import LabClient, Lane, LivePanel
from lab_utils.address import Address
from lab_utils.client import LabError, RequestRefused, StreamFailed
from lab_utils.panel import race
from lab_utils.recording import record
from tests.support import Serve

KEY = "sk-test"
ROLE: dict[str, Any] = {"role": "assistant", "content": ""}


def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


ANSWER = [
    chunk(ROLE), chunk({"content": "One"}), chunk({"content": " two"}),
    chunk({}, "stop"), {"choices": [], "usage": {"completion_tokens": 2}},
]
ENVELOPE = {"error": {"message": "out of memory", "type": "x", "code": 500}}


def foreign(
    events: list[Any] = ANSWER, *, end: str = "data: [DONE]\n\n", health: bool = False
) -> FastAPI:
    """A hosted server: it asks for a key, and may have no `/health`; `asked` holds the
    bodies that it got."""
    app = FastAPI()
    app.state.asked, app.state.pinged = [], []

    @app.middleware("http")
    async def guard(request: Request, call_next: Any) -> Response:
        app.state.pinged.append(request.url.path)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return JSONResponse({"error": {"message": "no key"}}, 401)
        answer: Response = await call_next(request)
        return answer

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [{"id": "big", "object": "model"}]}

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Response:
        body = await request.json()
        app.state.asked.append(body)
        if not body.get("stream"):
            message = {"role": "assistant", "content": "One two"}
            return JSONResponse({
                "choices": [{"message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 5, "completion_tokens": 2},
            })

        async def lines() -> AsyncIterator[str]:
            yield ": keep-alive\n\n"
            for event in events:
                yield f"data: {json.dumps(event)}\n\n"
            yield end

        return StreamingResponse(lines(), media_type="text/event-stream")

    if health:
        @app.get("/health")
        async def alive() -> Response:
            return Response()  # vLLM's has no body

    return app


def test_a_chat_streams_as_tokens_and_the_last_one_says_why_it_ended(
    serve: Serve,
) -> None:
    app = foreign()
    url = serve(app).url
    with LabClient(f"{url}/v1/", model="big", api_key=KEY) as client:
        tokens = list(client.stream("hi", max_tokens=9))
    assert [token.text for token in tokens] == ["One", " two", ""]
    assert [token.is_end_alone for token in tokens] == [False, False, True]
    assert tokens[-1].finish_reason == "stop"
    assert app.state.asked == [{
        "model": "big", "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 9, "stream": True,
    }]


def test_whole_answers_and_the_asynchronous_twins(serve: Serve) -> None:
    client = LabClient(f"{serve(foreign()).url}/v1", api_key=KEY)
    answer = client.generate("hi")
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens) == (
        "One two", 5, 2
    )

    async def work() -> None:
        assert await client.agenerate("hi") == answer
        texts = [token.text async for token in client.astream("hi")]
        assert "".join(texts) == answer.text
        assert (await client.ahealth())["data"][0]["id"] == "big"

    asyncio.run(work())
    client.close()


def test_without_health_the_list_of_models_is_pinged_with_the_key(
    serve: Serve,
) -> None:
    app = foreign()
    run = record(f"{serve(app).url}/v1", "hi", api_key=KEY, model="big", every=0.01)
    assert run.text == "One two" and run.finish_reason == "stop"
    assert len(run.arrivals) == 2
    assert run.pings and run.unanswered == 0
    assert app.state.pinged.count("/health") == 1


def test_a_health_without_a_body_is_pinged(serve: Serve) -> None:
    app = foreign(health=True)
    run = record(f"{serve(app).url}/v1", "hi", api_key=KEY)
    assert run.pings and "/v1/models" not in app.state.pinged


@pytest.mark.parametrize(("events", "end", "words"), [
    ([ANSWER[1], ENVELOPE], "data: [DONE]\n\n", "out of memory"),
    ([ANSWER[1], {"object": "error", "message": "flat"}], "data: [DONE]\n\n", "flat"),
    ([ANSWER[1], ["no", "event"]], "data: [DONE]\n\n", "no token"),
    ([ANSWER[1], {"choices": [{}]}], "data: [DONE]\n\n", "no token"),
    (ANSWER, "", "not complete"),
])
def test_a_stream_that_breaks_is_an_error_and_never_a_short_answer(
    serve: Serve, events: list[Any], end: str, words: str
) -> None:
    client = LabClient(f"{serve(foreign(events, end=end)).url}/v1", api_key=KEY)
    tokens = client.stream("hi")
    assert next(tokens).text in ("One",)
    with pytest.raises(StreamFailed, match=words):
        list(tokens)
    client.close()


def test_a_chunk_need_not_say_that_it_is_not_the_last(serve: Serve) -> None:
    short = {"choices": [{"index": 0, "delta": {"content": "One"}}]}
    url = serve(foreign([short, chunk({}, "length")])).url
    with LabClient(f"{url}/v1", api_key=KEY) as client:
        tokens = list(client.stream("hi"))
    assert [token.finish_reason for token in tokens] == [None, "length"]


def test_an_answer_without_usage_is_one_token() -> None:
    answer = {"choices": [{"message": {"content": "One two"}, "finish_reason": "stop"}]}
    generation = Address("http://x/v1").generation(answer)
    assert (generation.text, generation.completion_tokens) == ("One two", 1)


def test_without_the_key_it_is_refused_in_the_servers_words(serve: Serve) -> None:
    with LabClient(f"{serve(foreign()).url}/v1") as client, pytest.raises(
        RequestRefused, match="401: no key"
    ):
        list(client.stream("hi"))


def test_an_answer_in_another_format_is_an_error(serve: Serve) -> None:
    app = FastAPI()

    @app.post("/v1/chat/completions")
    async def odd() -> dict[str, Any]:
        return {"output": "One two"}

    with LabClient(f"{serve(app).url}/v1") as client, pytest.raises(
        LabError, match="format that is known here"
    ):
        client.generate("hi")


def test_panel_and_race_draw_it(serve: Serve) -> None:
    url = f"{serve(foreign()).url}/v1"
    panel = LivePanel(url, model="big", api_key=KEY)
    run = panel.generate("hi").join()
    assert run.text == "One two" and run.about == "big"
    lane = Lane("hosted", url, model="big", api_key=KEY)
    assert [each.text for each in race("hi", [lane]).join()] == ["One two"]
    panel.close()


def test_an_address_knows_its_root() -> None:
    assert Address("http://x:1/v1/").root == "http://x:1"
    assert Address("http://x:1/api/v1").root == "http://x:1/api"
    assert not Address("http://x:1/v1x").is_openai


@pytest.mark.parametrize(("url", "name"), [
    ("https://api.openai.com/v1", "max_completion_tokens"),
    ("http://127.0.0.1:8000/v1", "max_tokens"),
])
def test_the_length_is_limited_by_the_name_that_the_server_takes(
    url: str, name: str
) -> None:
    given = {"max_tokens": 5, "temperature": 0}
    _, body = Address(url).request("hi", given, stream=True)
    assert {key for key in body if key.startswith("max")} == {name}
    assert body[name] == 5 and given == {"max_tokens": 5, "temperature": 0}
