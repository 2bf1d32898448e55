"""`/openapi.json` is true: whatever is asked, the answer is one that stands there."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from lab_utils import create_app
from lab_utils.engine import FakeEngine
from lab_utils.server.openai.fields import NEUTRAL
from lab_utils.server.openai.schemas import ChatRequest, CompletionRequest
from lab_utils.server.schemas import GenerateRequest
from tests.support import Serve, Served, endless, raw, request_bytes, wait_until

HELLO: dict[str, dict[str, Any]] = {
    "/generate": {"prompt": "hi"},
    "/v1/completions": {"prompt": "hi"},
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "hi"}]},
}
DOCUMENT = create_app(FakeEngine()).openapi()


@pytest.fixture(scope="module")
def plain() -> Iterator[Served]:
    """One server for whatever is asked."""
    with Served(FakeEngine("a b c", name="toy")) as served:
        yield served


def check(response: httpx.Response, path: str = "") -> None:
    """That the document has such an answer to such a request."""
    method, path = response.request.method.lower(), path or response.request.url.path
    answers = DOCUMENT["paths"][path][method]["responses"]
    assert str(response.status_code) in answers, (method, path, response.text)
    kind = response.headers["content-type"].partition(";")[0]
    content = answers[str(response.status_code)]["content"]
    assert kind in content, (method, path, kind)
    if kind == "application/json":
        schema = {**content[kind]["schema"], "components": DOCUMENT["components"]}
        Draft202012Validator(schema).validate(response.json())


ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["user", "text", "toy", "auto"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["role", "content", "type", "text", "include_usage", "x"]),
        inner, max_size=3),
    max_leaves=6,
)
ANY_FIELD = st.sampled_from(sorted({
    *NEUTRAL, *CompletionRequest.model_fields, *ChatRequest.model_fields,
    *GenerateRequest.model_fields, "", "\ud800",
}))


@settings(max_examples=200, deadline=None)
@given(path=st.sampled_from(sorted(HELLO)),
       fields=st.dictionaries(ANY_FIELD, ANY_VALUE, max_size=4))
def test_row_35_36_whatever_is_asked_is_answered_or_refused(
    plain: Served, path: str, fields: dict[str, Any]
) -> None:
    response = plain.http.post(
        path, content=json.dumps({**HELLO[path], **fields}),
        headers={"Content-Type": "application/json"})
    assert response.status_code in (200, 400, 404, 422), response.text
    check(response)


@settings(max_examples=50, deadline=None)
@given(query=st.dictionaries(
    st.sampled_from([*GenerateRequest.model_fields, "x"]),
    st.text(st.characters(codec="utf-8"), max_size=5) | st.integers(), max_size=4))
def test_row_35_36_whatever_a_browser_asks_is_answered_or_refused(
    plain: Served, query: dict[str, Any]
) -> None:
    check(plain.http.get("/generate", params={"prompt": "hi", **query}))


def test_every_way_to_fail_stands_there(serve: Serve) -> None:
    failing = serve(FakeEngine(fail_at=0), api_key="sesame")
    narrow = serve(endless(), max_batch=1, max_queue=0)
    with raw(narrow.url, request_bytes({"prompt": "hi", "max_tokens": 90_000})):
        wait_until(lambda: narrow.running() == 1, "it is full")
        for path, body in HELLO.items():
            key = {"Authorization": "Bearer sesame"}
            ask = failing.http.build_request("POST", path, json=body, headers=key)
            answers = {
                500: failing.http.send(ask),
                401: failing.http.post(path, json=body),
                400: failing.http.post(path, json=body, headers={"Host": "evil"}),
                413: failing.http.post(path, content=b"x" * 2_000_000, headers=key),
                503: narrow.http.post(path, json=body),
            }
            for status, response in answers.items():
                assert response.status_code == status
                check(response)
        check(narrow.http.get("/ready"))
        check(narrow.http.get("/health"))
    narrow.until_free()


def test_what_is_asked_for_its_name_stands_there(plain: Served) -> None:
    check(plain.http.get("/v1/models"))
    for name in ("toy", "other"):
        check(plain.http.get(f"/v1/models/{name}"), "/v1/models/{name}")
    check(plain.http.post("/v1/completions", json={"prompt": "hi", "model": "x"}))


def test_the_key_stands_there_where_one_is_asked_for() -> None:
    document = create_app(FakeEngine(), api_key="sesame").openapi()
    assert document["security"] == [{"key": []}]
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert document["paths"]["/health"]["get"]["security"] == []
    assert "sesame" not in json.dumps(document)
    assert "security" not in DOCUMENT


def test_the_document_names_what_a_schema_alone_does_not_know() -> None:
    asked = DOCUMENT["components"]["schemas"]["CompletionRequest"]["properties"]
    examples: list[object] = ["hi", [1, 2], ["a", "b"], [[1], [2]]]
    for right in examples:
        Draft202012Validator(asked["prompt"]).validate(right)
    refused: list[object] = ["", [], [-1], 5, ["a", 5], [[]]]
    for wrong in refused:
        assert not Draft202012Validator(asked["prompt"]).is_valid(wrong)
    assert asked["n"] == {"enum": [None, 1]}
    retry = DOCUMENT["paths"]["/generate"]["post"]["responses"]["503"]["headers"]
    assert "Retry-After" in retry


@pytest.mark.parametrize(("path", "schema"), [
    ("/generate", "GenerateRequest"), ("/v1/completions", "CompletionRequest"),
    ("/v1/chat/completions", "ChatRequest"),
])
def test_what_the_page_offers_to_try_out_is_served(
    plain: Served, path: str, schema: str
) -> None:
    [example] = DOCUMENT["components"]["schemas"][schema]["examples"]
    assert {"max_tokens", "stream"} < set(example)
    response = plain.http.post(path, json=example)
    assert response.status_code == 200, response.text
