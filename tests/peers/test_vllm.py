"""Ours beside a real vLLM: the same words, the same shapes; needs `make peers`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from lab_utils import LabClient, LivePanel, load_engine
from lab_utils.peers import vllm
from lab_utils.peers.checkpoint import export, free_port
from lab_utils.peers.process import Started, started
from tests.support import Served

pytestmark = pytest.mark.skipif(
    not vllm.HOME.exists(), reason="vLLM is not installed: make peers"
)
QUESTION = "What is ASGI?"


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    folder: Path = tmp_path_factory.mktemp("tutor")
    export("tutor", "float32", folder)
    with started(vllm.server(folder, "float32", free_port())) as up:
        yield up


@pytest.mark.timeout(240)
def test_our_client_and_our_panel_read_it(theirs: Started) -> None:
    url = f"{theirs.url}/v1"
    panel = LivePanel(url, model="model", max_tokens=20, temperature=0)
    run = panel.generate(QUESTION).join()
    panel.close()
    assert run.finish_reason in ("stop", "length") and len(run.arrivals) > 3
    assert run.pings and run.unanswered == 0
    with LabClient(url, model="model") as client:
        assert client.generate(QUESTION, max_tokens=20, temperature=0).text == run.text


@pytest.mark.timeout(240)
@pytest.mark.parametrize("path", ["/v1/completions", "/v1/chat/completions"])
def test_the_same_words_and_the_same_reason(theirs: Started, path: str) -> None:
    asked: dict[str, Any] = {"temperature": 0, "max_tokens": 30}
    asked |= ({"messages": [{"role": "user", "content": QUESTION}]} if "chat" in path
              else {"prompt": QUESTION})
    with Served(load_engine("tutor")) as ours:
        mine = ours.http.post(path, json=asked | {"model": "tutor"}).json()
    answer = httpx.post(theirs.url + path, json=asked | {"model": "model"},
                        trust_env=False, timeout=60).json()
    for each in (mine, answer):
        assert {"id", "object", "created", "model", "choices", "usage"} <= set(each)
    [mine_], [answer_] = mine["choices"], answer["choices"]
    assert mine_.get("text") == answer_.get("text")
    assert mine_.get("message", {}).get("content") == (
        answer_.get("message", {}).get("content"))
    assert mine_["finish_reason"] == answer_["finish_reason"]
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        assert mine["usage"][name] == answer["usage"][name], name
