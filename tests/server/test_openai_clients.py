"""What other people's clients make of the routes under /v1: openai's own, and curl."""

import ast
import asyncio
import json
import logging
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from lab_utils.engine import FakeEngine
from tests.support import (
    KINDS,
    PATIENCE_S,
    Serve,
    Served,
    endless,
    events_of,
    raw,
    request_bytes,
    wait_until,
)

USER: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hi"}]
SAID = "Größe 😀\n\ndata: x\u2028\u0085 end"


@pytest.fixture(scope="module", params=KINDS)
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    """One per runner, with a key."""
    engine = FakeEngine(list(SAID), name="toy", context=100)
    with Served(engine, kind=request.param, api_key="sesame") as served:
        yield served


def client_of(served: Served, **options: Any) -> openai.OpenAI:
    options = {"api_key": "sesame", "max_retries": 0, "timeout": PATIENCE_S, **options}
    return openai.OpenAI(base_url=f"{served.url}/v1", **options)


def test_the_client_gets_whole_answers(served: Served) -> None:
    with client_of(served) as client:
        chat = client.chat.completions.create(model="toy", messages=USER)
        text = client.completions.create(model="toy", prompt="hi", max_tokens=5)
    assert chat.choices[0].message.content == SAID
    assert chat.choices[0].finish_reason == "stop" and chat._request_id
    assert chat.usage and chat.usage.completion_tokens == len(SAID)
    assert text.choices[0].text == SAID[:5]
    assert text.choices[0].finish_reason == "length"


def test_the_client_gets_streams(served: Served) -> None:
    with client_of(served) as client:
        chunks = list(client.chat.completions.create(
            model="toy", messages=USER, stream=True,
            stream_options={"include_usage": True}))
        texts = list(client.completions.create(model="toy", prompt="hi", stream=True,
                                               max_tokens=90))
    *spoken, usage = chunks
    assert spoken[0].choices[0].delta.role == "assistant"
    assert "".join(each.choices[0].delta.content or "" for each in spoken) == SAID
    assert spoken[-1].choices[0].finish_reason == "stop"
    assert usage.choices == [] and usage.usage
    assert usage.usage.total_tokens == len("user: hi\n") + len(SAID)
    assert "".join(each.choices[0].text for each in texts) == SAID


def test_the_asynchronous_client_gets_the_same(served: Served) -> None:
    async def work() -> None:
        async with openai.AsyncOpenAI(
            base_url=f"{served.url}/v1", api_key="sesame", max_retries=0
        ) as client:
            whole = await client.chat.completions.create(model="toy", messages=USER)
            assert whole.choices[0].message.content == SAID
            stream = await client.chat.completions.create(
                model="toy", messages=USER, stream=True)
            pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
            assert "".join(pieces) == SAID
            assert [model.id async for model in client.models.list()] == ["toy"]

    asyncio.run(work())


def test_the_helper_that_collects_a_stream_understands_it(served: Served) -> None:
    with (
        client_of(served) as client,
        client.chat.completions.stream(model="toy", messages=USER) as stream,
    ):
        kinds = {event.type for event in stream}
        whole = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert whole.choices[0].message.content == SAID


def test_the_client_lists_and_retrieves_the_model(served: Served) -> None:
    with client_of(served) as client:
        assert [model.id for model in client.models.list()] == ["toy"]
        assert client.models.retrieve("toy").owned_by == "streaming-llm-lab"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("gpt-4o")


def test_refusals_are_the_clients_own_exceptions(served: Served) -> None:
    with client_of(served) as client:
        with pytest.raises(openai.NotFoundError) as missing:
            client.chat.completions.create(model="gpt-4o", messages=USER)
        with pytest.raises(openai.BadRequestError) as wrong:
            client.chat.completions.create(model="toy", messages=USER, n=2)
        with pytest.raises(openai.BadRequestError) as long:
            client.completions.create(model="toy", prompt="x" * 200, stream=True)
    with client_of(served, api_key="other") as client, pytest.raises(
        openai.AuthenticationError, match="asks for its API key"
    ):
        client.chat.completions.create(model="toy", messages=USER)
    assert missing.value.code == "model_not_found" and missing.value.param == "model"
    assert wrong.value.param == "n" and wrong.value.type == "invalid_request_error"
    assert long.value.code == "context_length_exceeded"


def test_a_failure_in_the_middle_is_an_exception_after_what_was_said(
    serve: Serve,
) -> None:
    served = serve(FakeEngine("a b c", fail_at=2, name="toy"))
    said = []
    with client_of(served) as client, pytest.raises(
        openai.APIError, match="The engine failed"
    ):
        for chunk in client.chat.completions.create(
            model="toy", messages=USER, stream=True
        ):
            said.append(chunk.choices[0].delta.content)
    assert said == ["", "a", " b"]


def test_the_client_tries_again_when_the_server_is_full(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "lab_utils.access")
    served = serve(endless(name="toy"), max_batch=1, max_queue=0)
    busy = {"prompt": "hi", "max_tokens": 90_000, "stream": True}

    def refused() -> int:
        return sum(" 503 " in record.getMessage() for record in caplog.records)

    with ThreadPoolExecutor(1) as pool, client_of(served, max_retries=2) as client:
        with raw(served.url, request_bytes(busy)):
            wait_until(lambda: served.running() == 1, "it runs")
            answer = pool.submit(
                client.chat.completions.create, model="toy", messages=USER, max_tokens=3
            )
            wait_until(refused, "the client was refused once")
        assert answer.result(PATIENCE_S).choices[0].message.content == "tick " * 3
        assert refused() <= 2


def test_a_stream_that_is_left_frees_the_slot(serve: Serve) -> None:
    served = serve(endless(name="toy"))
    with client_of(served) as client, client.chat.completions.create(
        model="toy", messages=USER, stream=True
    ) as stream:
        next(stream)
        assert served.running() == 1
    served.until_free()


def test_many_streams_at_once_each_get_their_own(serve: Serve) -> None:
    served = serve(FakeEngine(SAID, step_ms=1, name="toy"))
    barrier = threading.Barrier(12)

    def ask(_: int) -> str:
        barrier.wait()
        with client_of(served) as client:
            stream = client.chat.completions.create(
                model="toy", messages=USER, stream=True)
            return "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(ask, range(12))) == {SAID}


def test_the_lines_in_the_readme_stream_an_answer(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.+?)```", readme, re.DOTALL)
    [lines] = [block for block in blocks if "import OpenAI" in block]
    assert len([line for line in lines.splitlines() if line]) == 5
    served = serve(FakeEngine(SAID, name="tutor"))
    exec(lines.replace("http://127.0.0.1:5000", served.url), {})
    assert capsys.readouterr().out == SAID


PEERS = Path(__file__).parents[2] / ".peers"
"""Where `make peers` puts clients that cannot be installed beside openai 3.x."""
OLD = PEERS / "openai-1" / "bin" / "python"
NODE = PEERS / "node"
OLD_CLIENT = """
import openai, sys
assert openai.__version__.startswith("1."), openai.__version__
client = openai.OpenAI(base_url=sys.argv[1], api_key="sesame", max_retries=0)
messages = [{"role": "user", "content": "hi"}]
answer = client.chat.completions.create(model="toy", messages=messages)
stream = client.chat.completions.create(
    model="toy", messages=messages, stream=True, stream_options={"include_usage": True})
*chunks, usage = stream  # it reads to the end of the body, not to [DONE]
texts = client.completions.create(model="toy", prompt="hi", max_tokens=90, stream=True)
try:
    client.chat.completions.create(model="toy", messages=messages, n=2)
except openai.BadRequestError as error:
    refused = error.param
print(ascii([
    answer.choices[0].message.content,
    "".join(chunk.choices[0].delta.content or "" for chunk in chunks),
    "".join(chunk.choices[0].text for chunk in texts),
    usage.usage == answer.usage, refused,
]))
"""


NODE_CLIENT = """
import OpenAI from "openai";
const client = new OpenAI({
  baseURL: process.argv[1], apiKey: "sesame", maxRetries: 0 });
const messages = [{ role: "user", content: "hi" }];
const answer = await client.chat.completions.create({ model: "toy", messages });
let said = "", usage = null, texts = "", refused = null, left = 0;
for await (const chunk of await client.chat.completions.create({
  model: "toy", messages, stream: true, stream_options: { include_usage: true } })) {
  said += chunk.choices[0]?.delta.content ?? "";
  usage = chunk.usage ?? usage;
}
for await (const chunk of await client.completions.create({
  model: "toy", prompt: "hi", max_tokens: 90, stream: true }))
  texts += chunk.choices[0].text;
try { await client.chat.completions.create({ model: "toy", messages, n: 2 }); }
catch (error) { refused = [error instanceof OpenAI.BadRequestError, error.param]; }
const stream = await client.chat.completions.create({
  model: "toy", messages, stream: true });
for await (const chunk of stream) if (++left === 2) break;  // it leaves
console.log(JSON.stringify([answer.choices[0].message.content, said, texts,
  usage.total_tokens === answer.usage.total_tokens, refused, left]));
"""


@pytest.mark.skipif(not NODE.exists(), reason="openai for Node: make peers")
def test_openais_client_for_node_understands_the_same(served: Served) -> None:
    done = subprocess.run(
        ["node", "--input-type=module", "-e", NODE_CLIENT, f"{served.url}/v1"],
        capture_output=True, text=True, timeout=6 * PATIENCE_S, cwd=NODE,
        env=os.environ | {"no_proxy": "*"},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [SAID, SAID, SAID, True, [True, "n"], 2]


@pytest.mark.skipif(not OLD.exists(), reason="openai 1.x: make peers")
def test_the_clients_first_major_version_understands_the_same(served: Served) -> None:
    done = subprocess.run(
        [str(OLD), "-c", OLD_CLIENT, f"{served.url}/v1"],
        capture_output=True, text=True, timeout=6 * PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    assert ast.literal_eval(done.stdout) == [SAID, SAID, SAID, True, "n"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_reads_a_stream_and_an_error(served: Served) -> None:
    def curl(body: dict[str, Any]) -> str:
        return subprocess.run(
            ["curl", "-sN", "--noproxy", "*", "-H", "Authorization: Bearer sesame",
             "-H", "Content-Type: application/json", "-d", json.dumps(body),
             f"{served.url}/v1/chat/completions"],
            capture_output=True, text=True, check=True, timeout=PATIENCE_S,
        ).stdout

    *chunks, done = events_of(curl({"messages": USER, "stream": True}))
    said = [chunk["choices"][0]["delta"].get("content", "") for chunk in chunks]
    assert "".join(said) == SAID and done == "[DONE]"
    assert json.loads(curl({"messages": []}))["error"]["param"] == "messages"
