"""llama.cpp's own server on our weights: it says what ours says, in the same format."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from lab_utils import LabClient, LivePanel, load_engine
from lab_utils.model.loading import load_model
from lab_utils.peers import llama_cpp
from lab_utils.peers.gguf import write_gguf
from lab_utils.peers.process import Server, started
from lab_utils.server.serving import ServerError
from tests.support import PATIENCE_S, Served, events_of

COMPLETIONS, CHAT = "/v1/completions", "/v1/chat/completions"
QUESTIONS = ["Hello", "What is 2 + 2?", "What is ASGI?", "Explain prefill.", "Größe 😀"]
ASKED: list[tuple[str, dict[str, Any]]] = [
    *((COMPLETIONS, {"prompt": text}) for text in QUESTIONS),
    *((CHAT, {"messages": [{"role": "user", "content": text}]}) for text in QUESTIONS),
    (COMPLETIONS, {"prompt": [300, 400, 500]}),
    (CHAT, {"messages": [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "What is 3 + 4?"},
    ]}),
]

NOTHING = ("text_completion", "tutor", [(False, None, "", None)])
"""A chunk without text."""


class Pair:
    """Ours and llama.cpp's server, on the same weights."""

    def __init__(self, ours: httpx.Client, theirs: httpx.Client) -> None:
        self.both = (ours, theirs)

    def ask(self, path: str, **fields: Any) -> list[httpx.Response]:
        """The answers of both; the likeliest tokens, which leave nothing to chance."""
        body = {"model": "tutor", "temperature": 0, "max_tokens": 30, **fields}
        return [client.post(path, json=body) for client in self.both]


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with (
        Served(load_engine("tutor")) as ours,
        started(llama_cpp.server("tutor")) as up,
        httpx.Client(base_url=up.url, trust_env=False, timeout=PATIENCE_S) as theirs,
    ):
        yield Pair(ours.http, theirs)


def said(choice: dict[str, Any]) -> str:
    part = choice.get("message") or choice.get("delta") or choice
    return part.get("content") or part.get("text") or ""


def shape(event: Any) -> object:
    """What a client sees of one event, besides names and dates."""
    if event == "[DONE]":
        return event
    choices = [
        ("delta" in choice, choice.get("delta", {}).get("role"), said(choice),
         choice["finish_reason"])
        for choice in event["choices"]
    ]
    return event["object"], event["model"], choices


@pytest.mark.parametrize(("path", "fields"), ASKED, ids=str)
@pytest.mark.parametrize("length", [3, 30])
def test_both_say_the_same_and_count_the_same(
    pair: Pair, path: str, fields: dict[str, Any], length: int
) -> None:
    ours, theirs = (
        each.json() for each in pair.ask(path, **fields, max_tokens=length)
    )
    [mine], [other] = ours["choices"], theirs["choices"]
    assert said(mine) == said(other) != ""
    assert mine["finish_reason"] == other["finish_reason"]
    assert ours["object"] == theirs["object"]
    for count in ("prompt_tokens", "completion_tokens", "total_tokens"):
        assert ours["usage"][count] == theirs["usage"][count]


@pytest.mark.parametrize(("path", "fields"), ASKED, ids=str)
def test_their_streams_have_the_same_chunks_in_the_same_order(
    pair: Pair, path: str, fields: dict[str, Any]
) -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}}
    ours, theirs = (
        events_of(each.text) for each in pair.ask(path, **fields, **options)
    )
    if path == COMPLETIONS:
        # llama.cpp sends an empty chunk for the end token, and puts the usage into the
        # last chunk that has a choice.
        theirs = [event for event in theirs if shape(event) != NOTHING]
        assert ours[-2]["choices"] == []
        usage = ours.pop(-2)["usage"]
        assert usage["total_tokens"] == theirs[-2]["usage"]["total_tokens"]
    assert [shape(event) for event in ours] == [shape(event) for event in theirs]


@pytest.mark.parametrize("path", [COMPLETIONS, CHAT])
def test_both_stop_at_the_same_place(pair: Pair, path: str) -> None:
    fields = dict(ASKED)[path] | {"stop": [" is", "zzz"]}
    ours, theirs = (each.json()["choices"][0] for each in pair.ask(path, **fields))
    assert said(ours) == said(theirs) and " is" not in said(ours)
    assert ours["finish_reason"] == theirs["finish_reason"] == "stop"


@pytest.mark.parametrize(("path", "fields"), [
    (CHAT, {}), (CHAT, {"messages": "hi"}), (COMPLETIONS, {}),
    (CHAT, {"messages": [{"role": "user", "content": 5}]}),
])
def test_both_refuse_in_the_envelope_and_ours_has_all_four_fields(
    pair: Pair, path: str, fields: dict[str, Any]
) -> None:
    ours, theirs = pair.ask(path, **fields)
    assert ours.status_code == 400 and theirs.status_code >= 400
    assert set(ours.json()["error"]) == {"message", "type", "param", "code"}
    assert {"message", "type", "code"} <= set(theirs.json()["error"])


def test_both_list_the_model(pair: Pair) -> None:
    lists = [client.get("/v1/models").json() for client in pair.both]
    for each in lists:
        assert each["object"] == "list"
        [model] = each["data"]
        assert model["id"] == "tutor" and model["object"] == "model"
        assert isinstance(model["created"], int)


def test_a_model_that_is_no_llama_cannot_be_written(tmp_path: Path) -> None:
    model, tokenizer = load_model("tutor", "float32")
    model.config.model_type = "gpt2"
    with pytest.raises(ValueError, match="expected a Llama"):
        write_gguf(model, tokenizer, tmp_path / "model.gguf")


def test_without_the_package_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(ServerError, match="pip install xllamacpp"):
        llama_cpp.run("tutor", 0)


def test_a_server_that_does_not_start_says_what_it_printed() -> None:
    command = (sys.executable, "-c", "raise SystemExit('no such model')")
    with pytest.raises(ServerError, match="broken did not come up:\nno such model"), (
        started(Server("broken", command))
    ):
        pass


def test_our_client_and_our_panel_draw_its_tokens(pair: Pair) -> None:
    ours, theirs = (f"{client.base_url}".rstrip("/") + "/v1" for client in pair.both)
    texts = []
    for url in (ours, theirs):
        panel = LivePanel(url, model="tutor", max_tokens=20, temperature=0)
        run = panel.generate("What is ASGI?").join()
        panel.close()
        assert run.finish_reason in ("stop", "length") and len(run.arrivals) > 3
        assert run.pings and run.unanswered == 0
        texts.append(run.text)
        with LabClient(url, model="tutor") as client:
            whole = client.generate("What is ASGI?", max_tokens=20, temperature=0)
            assert whole.text == run.text
            assert client.health()["status"] == "ok"
    assert texts[0] == texts[1]


def test_a_server_that_runs_already_is_not_ended() -> None:
    with started(Server("theirs", (), url="http://127.0.0.1:9")) as up:
        assert up.url == "http://127.0.0.1:9"
        assert up.ready_s is None and up.memory_mib() is None
