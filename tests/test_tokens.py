"""The values that go in and out of an engine, and the arithmetic of an answer."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_utils.engine import FakeEngine
from lab_utils.prompts import Chat, Message
from lab_utils.tokens import Generation, InvalidRequest, SamplingParams, Token

HUGE = 10**5000  # more digits than Python prints

REFUSED: list[tuple[str, Any]] = [
    *(("max_tokens", value) for value in (0, -1, 1.5, True, "16", math.nan, HUGE)),
    *(("temperature", value) for value in (
        -0.1, 2.1, math.nan, math.inf, -math.inf, True, "0.7", None, HUGE)),
    *(("top_p", value) for value in (
        0, -0.5, 1.1, math.nan, math.inf, True, "1", HUGE)),
    *(("seed", value) for value in (-1, 2**63, 1.0, True, "1", HUGE)),
    *(("stop", value) for value in (
        "", [""], [1], 5, b"x", ["x"] * 17, "x" * 257, [None], {"a": 1})),
]


@pytest.mark.parametrize(("field", "value"), REFUSED, ids=lambda value: f"{value!r:.12}"
                         if value is not HUGE else "HUGE")
def test_what_no_engine_can_serve_is_refused_by_name(field: str, value: Any) -> None:
    engine = FakeEngine()
    with pytest.raises(InvalidRequest) as caught:
        engine.generate("hi", **{field: value})
    assert caught.value.param == field
    assert str(caught.value).startswith(field)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(("field", "value"), [
    ("max_tokens", 1), ("temperature", 0), ("temperature", 2), ("temperature", 1e-320),
    ("top_p", 1), ("top_p", 1e-320), ("seed", 0), ("seed", 2**63 - 1), ("stop", []),
    ("stop", "x"), ("stop", ("x", "y")), ("stop", ["x"] * 16), ("stop", "x" * 256),
])
def test_the_edges_are_served(field: str, value: Any) -> None:
    assert FakeEngine("a b").generate("hi", **{field: value}).text


@pytest.mark.parametrize("prompt", [
    "", None, 5, b"hi", ["hi"], "a\ud800b", [], [1.5], [True], [-1], [256], [HUGE],
])
def test_only_text_that_can_be_encoded_is_a_prompt(prompt: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        FakeEngine().generate(prompt)
    assert caught.value.param == "prompt"


def test_a_tiny_temperature_is_greedy() -> None:
    assert SamplingParams(temperature=1e-320).greedy
    assert SamplingParams(temperature=0).greedy
    assert not SamplingParams(temperature=0.7).greedy


def test_an_error_is_raised_by_the_call_and_not_by_the_first_next() -> None:
    with pytest.raises(InvalidRequest):
        FakeEngine().generate_stream("hi", max_tokens=0)


def test_a_prompt_over_the_context_names_both_numbers() -> None:
    with pytest.raises(InvalidRequest) as caught:
        FakeEngine(context=10).generate("x" * 12)
    assert caught.value.code == "context_length_exceeded"
    assert "10 tokens" in str(caught.value) and "12 in" in str(caught.value)


def test_the_default_length_is_lowered_to_fit_and_an_explicit_one_is_not() -> None:
    engine = FakeEngine(["x"] * 500, context=20)
    answer = engine.generate("0123456789")
    assert answer.completion_tokens == 10
    assert answer.finish_reason == "length"
    assert engine.generate("0123456789", max_tokens=10).completion_tokens == 10
    with pytest.raises(InvalidRequest, match=r"20 tokens; got 10 .* and 11 to make"):
        engine.generate("0123456789", max_tokens=11)


TOKENS = st.builds(
    Token,
    text=st.text(),
    token_id=st.integers(0, 10**6),
    step_ms=st.floats(0, 1e6).map(lambda ms: round(ms, 3)),
    is_first=st.booleans(),
    finish_reason=st.sampled_from(["stop", "length", None]),
)


@given(TOKENS)
@settings(deadline=None, max_examples=50)
def test_a_token_survives_the_wire(token: Token) -> None:
    assert Token.from_event(json.loads(json.dumps(token.event()))) == token


def test_the_first_event_has_the_prefill_time_and_the_others_their_step() -> None:
    first, *middle, last = (token.event() for token in FakeEngine("a b c").steps(
        FakeEngine().prepare("hi", SamplingParams())))
    assert list(first) == ["token", "token_id", "prefill_time_ms"]
    assert [list(event) for event in middle] == [["token", "token_id", "step_ms"]]
    assert list(last) == ["token", "token_id", "step_ms", "finish_reason"]


def test_a_rate_has_one_gap_less_than_tokens() -> None:
    tokens = [Token("a", 1, 100, True), Token("b", 2, 50), Token("c", 3, 50, False,
                                                                 "stop")]
    answer = Generation.of(tokens, prompt_tokens=7, total_ms=200)
    assert answer.as_dict() == {
        "text": "abc", "token_ids": [1, 2, 3], "prompt_tokens": 7,
        "completion_tokens": 3, "finish_reason": "stop", "prefill_time_ms": 100,
        "total_time_ms": 200, "tokens_per_second": 20,
    }


def test_one_token_has_no_rate() -> None:
    answer = Generation.of([Token("a", 1, 100, True, "length")], 1, 100)
    assert answer.tokens_per_second is None


@pytest.mark.parametrize("tokens", [[], [Token("a", 1, 1, True)]])
def test_an_unfinished_stream_cannot_be_summed_up(tokens: list[Token]) -> None:
    with pytest.raises(ValueError, match="finished"):
        Generation.of(tokens, 1, 1)


def test_ids_and_a_conversation_are_prompts_too() -> None:
    engine = FakeEngine()
    chat = Chat((Message("system", "x"), Message("user", "hi")))
    for prompt, ids in (("hi", b"hi"), ([104, 105], b"hi"),
                        (chat, b"system: x\nuser: hi\n")):
        request = engine.prepare(prompt, SamplingParams())
        assert bytes(request.prompt_ids) == ids


@pytest.mark.parametrize("chat", [
    Chat(()), Chat((Message("boss", "hi"),)), Chat((Message("user", "a\ud800b"),)),
])
def test_a_conversation_has_known_roles_and_valid_text(chat: Chat) -> None:
    with pytest.raises(InvalidRequest) as caught:
        FakeEngine().generate(chat)
    assert caught.value.param == "messages"


def test_a_length_that_is_left_open_has_a_default_that_fits() -> None:
    engine = FakeEngine(["x"] * 200, context=12)
    for default, made in ((5, 5), (128, 10), (2**63 - 1, 10)):
        params = SamplingParams(default_tokens=default)
        assert engine.prepare("hi", params).max_tokens == made
