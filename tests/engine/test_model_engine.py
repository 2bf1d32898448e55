"""The engine on real (tiny) models: the same ids as transformers, one step each."""

import copy
import threading
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from lab_utils.engine.loading import wrap
from lab_utils.engine.model_engine import ModelEngine
from lab_utils.tokens import InvalidRequest, ModelError, SamplingParams, Token
from tests.models import CONFIGS, END, SIZE, byte_tokenizer, tiny_model

TOKENIZER = byte_tokenizer()
TOKENIZER.eos_token = None  # so that no answer ends by chance
PROMPT = "What is 2 + 2?"  # longer than the sliding windows
LLAMA = tiny_model()


def engine_for(model: PreTrainedModel = LLAMA, **options: Any) -> ModelEngine:
    """Through transformers' own forward; `lean=True` through ours, on a copy, because
    it takes the weights over."""
    lean = options.pop("lean", False)
    model = copy.deepcopy(model) if lean else model
    return wrap(model, TOKENIZER, name="tiny", lean=lean, **options)


def reference(model: PreTrainedModel, count: int) -> list[int]:
    """What transformers' own `generate` makes of `PROMPT`, greedily."""
    ids = torch.tensor([list(PROMPT.encode())])
    output = model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=count,
        do_sample=False, pad_token_id=0,
    )
    return list(output[0, ids.shape[1]:].tolist())


@pytest.mark.parametrize("kind", CONFIGS)
def test_greedy_ids_are_those_of_transformers_generate(kind: str) -> None:
    model = tiny_model(kind)
    expected = reference(model, 20)
    assert len(set(expected)) > 2, "a model that repeats itself shows nothing"
    for options in ({}, {"use_cache": False}, {"lean": True}):
        engine = engine_for(model, **options)
        answer = engine.generate(PROMPT, 20, temperature=0)
        assert answer.token_ids == expected, options


def counted(monkeypatch: pytest.MonkeyPatch, model: PreTrainedModel) -> list[int]:
    """The lengths of the inputs of all forward passes from now on."""
    lengths: list[int] = []
    forward = model.forward

    def watched(ids: torch.Tensor, **options: Any) -> Any:
        lengths.append(ids.shape[1])
        return forward(ids, **options)

    watched.__signature__ = None  # type: ignore[attr-defined]
    monkeypatch.setattr(model, "forward", watched)
    return lengths


def test_there_is_one_forward_pass_per_token(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_for()
    lengths = counted(monkeypatch, LLAMA)
    tokens = engine.generate_stream(PROMPT, 5, temperature=0)
    assert lengths == []
    next(tokens)
    assert lengths == [len(PROMPT)]
    list(tokens)
    assert lengths == [len(PROMPT), 1, 1, 1, 1]


def test_without_a_cache_the_whole_text_is_read_again_at_every_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = engine_for(use_cache=False)
    lengths = counted(monkeypatch, LLAMA)
    engine.generate(PROMPT, 4, temperature=0)
    assert lengths == [len(PROMPT) + step for step in range(4)]


def test_a_stream_and_the_whole_answer_are_the_same() -> None:
    engine = engine_for()
    tokens = list(engine.generate_stream(PROMPT, 20, 0.9, top_p=0.8, seed=3))
    answer = engine.generate(PROMPT, 20, 0.9, top_p=0.8, seed=3)
    assert "".join(token.text for token in tokens) == answer.text
    assert [token.token_id for token in tokens] == answer.token_ids
    assert TOKENIZER.decode(answer.token_ids, skip_special_tokens=True) == answer.text


def test_the_seed_decides_the_answer() -> None:
    def ids(seed: int | None) -> list[int]:
        return engine_for().generate(PROMPT, 20, 1.5, seed=seed).token_ids

    assert ids(7) == ids(7) != ids(8)
    assert ids(None) != ids(None)


def test_streams_that_take_turns_do_not_disturb_each_other() -> None:
    engine = engine_for()
    options: list[dict[str, Any]] = [
        {"temperature": 1.2, "seed": 1}, {"temperature": 0}, {"seed": 5}
    ]
    alone = [list(ids(engine, f"{PROMPT}{n}", **option))
             for n, option in enumerate(options)]
    streams = [ids(engine, f"{PROMPT}{n}", **option)
               for n, option in enumerate(options)]
    together = [list(column)
                for column in zip(*zip(*streams, strict=True), strict=True)]
    assert together == alone


def ids(engine: ModelEngine, prompt: str, **options: Any) -> Any:
    return (token.token_id for token in engine.generate_stream(prompt, 15, **options))


def ending(answer: list[int], at: int) -> int:
    """The id at `at`, which must be its first occurrence to end an answer there."""
    assert answer.index(answer[at]) == at
    return answer[at]


def test_an_end_token_ends_the_answer_and_is_its_last_token() -> None:
    model = tiny_model()
    plain = reference(model, 12)
    at = max(index for index in range(12) if plain.index(plain[index]) == index)
    model.generation_config.eos_token_id = ending(plain, at)
    tokens = list(engine_for(model).generate_stream(PROMPT, 50, temperature=0))
    assert [token.token_id for token in tokens] == plain[: at + 1]
    assert tokens[-1].finish_reason == "stop"
    assert [token.finish_reason for token in tokens[:-1]] == [None] * at


def test_an_end_token_brings_the_text_that_was_held_back() -> None:
    # All logits are equal but one: first "\\xc3", half of a character, then the end.
    tokens = scripted([0xC3, END])
    assert [token.text for token in tokens] == ["", "\ufffd"]
    assert tokens[-1].finish_reason == "stop"


def test_a_single_token_may_be_all() -> None:
    (token,) = engine_for().generate_stream(PROMPT, 1, temperature=0)
    assert token.is_first and token.finish_reason == "length"


def test_row_53_a_stop_string_ends_the_answer_before_it() -> None:
    tokens = scripted(list(b"one STOP two"), stop="STOP")
    assert "".join(token.text for token in tokens) == "one "
    assert tokens[-1].finish_reason == "stop"
    assert len(tokens) == len("one STOP")


def test_a_stop_string_that_is_not_complete_is_text_at_the_end() -> None:
    tokens = scripted([*b"one ST", END], stop="STOP")
    assert "".join(token.text for token in tokens) == "one ST"


def scripted(script: list[int], stop: str | None = None) -> list[Token]:
    """The tokens of a model that says `script` whatever it reads."""
    model = tiny_model()
    model.generation_config.eos_token_id = END
    steps = iter(script)

    class Output(dict[str, Any]):
        @property
        def logits(self) -> torch.Tensor:
            step = torch.tensor([[next(steps)]])
            return torch.nn.functional.one_hot(step, SIZE) * 9.0

    model.forward = lambda *_, **__: Output()
    engine = engine_for(model)
    return list(engine.generate_stream(PROMPT, 50, temperature=0, stop=stop))


def test_suppressed_ends_never_come() -> None:
    model = tiny_model()
    model.generation_config.eos_token_id = reference(model, 1)[0]
    answer = engine_for(model, suppress_eos=True).generate(PROMPT, 30, temperature=0)
    assert answer.completion_tokens == 30
    assert model.generation_config.eos_token_id not in answer.token_ids


def gappy_tokenizer() -> PreTrainedTokenizerFast:
    """Five tokens, the last of them, the end, with the id 9: `len` says 5."""
    core = Tokenizer(models.WordLevel({"a": 0, "b": 1, "c": 2, "d": 3, "<end>": 9}))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<end>")


@pytest.mark.parametrize("lean", [False, True])
def test_ids_beyond_the_number_of_tokens_can_be_chosen(lean: bool) -> None:
    tokenizer = gappy_tokenizer()
    assert len(tokenizer) == 5 and tokenizer.eos_token_id == 9
    model = tiny_model(vocab_size=10)
    with torch.no_grad():  # after each token the next one, after "c" the end
        embedding = torch.nn.functional.one_hot(torch.arange(10), 32) * 9.0
        model.model.embed_tokens.weight.copy_(embedding)
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        follows = torch.tensor([9, 0, 1, 9, 9, 9, 9, 9, 9, 2])
        model.lm_head.weight.copy_(embedding[follows])
    model.generation_config.eos_token_id = 9
    prompt = torch.tensor([[0]])
    expected = model.generate(
        prompt, attention_mask=torch.ones_like(prompt), do_sample=False, pad_token_id=0,
        max_new_tokens=20,
    )[0, 1:].tolist()
    assert expected == [1, 2, 9]
    engine = wrap(model, tokenizer, name="gaps", lean=lean)
    answer = engine.generate("a", 20, temperature=0)
    assert answer.token_ids == expected and answer.finish_reason == "stop"


@pytest.mark.parametrize("lean", [False, True])
def test_an_end_token_that_is_not_special_is_not_shown(lean: bool) -> None:
    model = tiny_model()
    first, second, *_ = reference(model, 9)
    model.generation_config.eos_token_id = second  # a byte as good as any other
    answer = engine_for(model, lean=lean).generate(PROMPT, 9, temperature=0)
    assert answer.token_ids == [first, second]
    assert answer.text == TOKENIZER.decode([first])


def test_a_token_that_the_model_does_not_know_is_refused_in_a_prompt() -> None:
    engine = engine_for(tiny_model(vocab_size=100))
    assert engine.generate("a", 2).completion_tokens == 2
    with pytest.raises(InvalidRequest, match=r"below 100; its tokenizer made 122"):
        engine.generate("az", 2)


@pytest.mark.parametrize("lean", [False, True])
@pytest.mark.parametrize("temperature", [0, 1])
def test_a_request_that_overflows_ends_with_an_error_and_harms_no_later_one(
    lean: bool, temperature: float
) -> None:
    model = tiny_model()
    with torch.no_grad():
        model.model.embed_tokens.weight[ord("!")] = torch.nan
    engine = engine_for(model, lean=lean)
    fresh = engine.generate("What?", 8, temperature=0)
    scheduler = engine.scheduler(1)

    def run(prompt: str, temperature: float) -> list[Any]:
        params = SamplingParams(8, temperature, seed=1)
        scheduled, items = scheduler.add(engine.prepare(prompt, params)), []
        while not scheduled.ended:
            items += [item for _, item in scheduler.step()]
        return items

    poisoned = run("A prompt that is longer!", temperature)
    assert [type(item) for item in poisoned] == [ModelError]
    assert "computed nan" in str(poisoned[0])
    assert [token.token_id for token in run("What?", 0)] == fresh.token_ids


def test_one_of_a_batch_that_overflows_ends_alone() -> None:
    model = tiny_model()
    engine = engine_for(model, lean=True)
    healthy = engine.generate(PROMPT, 12, temperature=0).token_ids
    poison = engine.generate("abc", 12, temperature=0).token_ids[3]
    assert poison not in healthy
    with torch.no_grad():
        model.model.embed_tokens.weight[poison] = torch.nan
    engine = engine_for(model, lean=True)
    scheduler, made = engine.scheduler(2), dict[Any, list[Any]]()
    params = SamplingParams(12, 0)
    both = [scheduler.add(engine.prepare(text, params)) for text in (PROMPT, "abc")]
    while not all(each.ended for each in both):
        for each, item in scheduler.step():
            made.setdefault(each, []).append(item)
    assert [token.token_id for token in made[both[0]]] == healthy
    *before, error = made[both[1]]
    assert len(before) == 4 and isinstance(error, ModelError)


def test_ids_without_a_token_are_never_chosen() -> None:
    model = tiny_model(vocab_size=SIZE + 500)
    answer = engine_for(model).generate(PROMPT, 60, temperature=2, seed=0)
    assert max(answer.token_ids) < SIZE


@pytest.mark.parametrize(("prompt_tokens", "max_tokens", "numbers"), [
    (129, None, ("128", "129")), (128, None, ("128",)), (120, 9, ("128", "120", "9")),
])
def test_row_39_what_does_not_fit_names_the_numbers(
    prompt_tokens: int, max_tokens: int | None, numbers: tuple[str, ...]
) -> None:
    limit: dict[str, Any] = {} if max_tokens is None else {"max_tokens": max_tokens}
    with pytest.raises(InvalidRequest) as caught:
        engine_for().generate_stream("x" * prompt_tokens, **limit)
    assert caught.value.code == "context_length_exceeded"
    assert all(number in str(caught.value) for number in numbers)


def test_the_default_length_is_lowered_to_the_context() -> None:
    answer = engine_for().generate("x" * 100, temperature=0)
    assert answer.completion_tokens == 28
    assert engine_for().generate("x" * 120, 8, temperature=0).completion_tokens == 8


def test_a_prompt_without_tokens_is_refused() -> None:
    class Blind:
        eos_token_id = None

        def get_vocab(self) -> dict[str, int]:
            return {"a": 0}

        def encode(self, prompt: str, verbose: bool) -> list[int]:
            return []

    engine = wrap(LLAMA, Blind(), name="blind", lean=False)
    with pytest.raises(InvalidRequest, match="tokenizer"):
        engine.generate(" ")


def test_row_03_gradients_are_off_in_each_step_and_as_before_outside() -> None:
    engine, modes = engine_for(), list[bool]()
    hook = LLAMA.register_forward_pre_hook(
        lambda *_: modes.append(torch.is_grad_enabled())
    )
    tokens = engine.generate_stream(PROMPT, 6, temperature=0)

    def step() -> None:
        assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
        next(tokens)
        assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
        modes.append(False)

    try:
        step()
        thread = threading.Thread(target=step)
        thread.start()
        thread.join()
        step()
    finally:
        hook.remove()
    assert modes == [False] * 6


def test_a_pace_makes_every_step_last_prefill_included() -> None:
    engine = engine_for(pace_ms=30)
    steps = [token.step_ms for token in engine.generate_stream(PROMPT, 3)]
    assert len(steps) == 3 and min(steps) >= 30


def test_the_environment_overrides_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_PACE_MS", "5")
    assert engine_for(pace_ms=30_000).pace_ms == 5


def test_it_counts_what_it_made() -> None:
    engine = engine_for()
    tokens = engine.generate_stream(PROMPT, 9)
    next(tokens), next(tokens)
    tokens.close()
    assert engine.made == 2


def test_weights_in_bfloat16_give_float32_logits_to_the_sampler() -> None:
    engine = engine_for(tiny_model().to(torch.bfloat16))
    assert engine.generate(PROMPT, 5, seed=1).completion_tokens == 5


def test_a_prompt_that_breaks_its_step_leaves_the_others_as_they_would_be_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = tiny_model()
    engine = engine_for(model)
    expected = engine.generate(PROMPT, 8, temperature=0).token_ids
    forward = model.forward

    def choking(ids: torch.Tensor, **options: Any) -> Any:
        if ids.tolist() == [list(b"bad")]:
            raise RuntimeError("no memory for this one")
        return forward(ids, **options)

    monkeypatch.setattr(model, "forward", choking)
    scheduler, made = engine.scheduler(3), dict[int, list[Any]]()
    params = SamplingParams(max_tokens=8, temperature=0)
    each = [scheduler.add(engine.prepare(text, params))
            for text in (PROMPT, "bad", PROMPT)]
    while scheduler.running or scheduler.waiting:
        for scheduled, item in scheduler.step():
            made.setdefault(each.index(scheduled), []).append(item)
    assert [type(item) for item in made[1]] == [RuntimeError]
    assert [token.token_id for token in made[0]] == expected
    assert [token.token_id for token in made[2]] == expected
