"""The lean forward computes what transformers computes, alone and in a batch."""

import copy
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    Qwen2Config,
    Qwen3Config,
)

from lab_utils.model.kv_cache import KVCache
from lab_utils.model.llama import LeanLlama, Piece, can_run
from lab_utils.model.network import LeanNetwork

SIZES: dict[str, Any] = {
    "vocab_size": 97, "hidden_size": 64, "num_hidden_layers": 3,
    "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 96,
    "max_position_embeddings": 128,
}
LLAMA3_ROPE = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
    "high_freq_factor": 4.0, "original_max_position_embeddings": 64,
    "rope_theta": 10_000.0,
}
CONFIGS = {
    "llama": LlamaConfig(**SIZES),
    "llama-tied": LlamaConfig(**SIZES, tie_word_embeddings=True),
    "llama-3-rope": LlamaConfig(**SIZES, rope_parameters=LLAMA3_ROPE),
    "qwen2": Qwen2Config(**SIZES),
    "qwen3": Qwen3Config(**SIZES, head_dim=8),
    "mistral": MistralConfig(**SIZES, sliding_window=None),
}
PROMPTS = [[5, 9, 33], [7, 12, 60, 2, 8, 1, 3, 50], [1], list(range(3, 60))]


def model_of(config: Any, dtype: torch.dtype = torch.float32) -> Any:
    config = copy.deepcopy(config)
    config.eos_token_id = config.bos_token_id = None
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config).eval()
    for name, weight in model.named_parameters():
        if weight.dim() > 1 or "bias" in name:
            torch.nn.init.normal_(weight, 0, 0.2)
    return model.to(dtype)


def lean_of(model: Any) -> LeanLlama:
    return LeanLlama.of(copy.deepcopy(model))


def reference(model: Any, prompt: list[int], count: int) -> list[int]:
    ids = torch.tensor([prompt])
    output = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False,
                            max_new_tokens=count, pad_token_id=0)
    return list(output[0, len(prompt):].tolist())


@pytest.mark.parametrize("kind", CONFIGS)
def test_logits_match_those_of_transformers(kind: str) -> None:
    model = model_of(CONFIGS[kind])
    assert can_run(model)
    lean = lean_of(model)
    cache = KVCache(lean, 1, 128)
    for prompt in PROMPTS:
        with torch.no_grad():
            expected = model(torch.tensor([prompt])).logits[0, -1]
        got = lean.prefill(cache, [Piece(0, prompt, 0)])[0]
        torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("kind", CONFIGS)
def test_greedy_ids_are_equal_alone_and_in_a_batch(kind: str) -> None:
    model = model_of(CONFIGS[kind])
    expected = [reference(model, prompt, 12) for prompt in PROMPTS]
    network = LeanNetwork(lean_of(model))
    batch = network.batch(len(PROMPTS), 128)
    answers = []
    for slot, prompt in enumerate(PROMPTS):
        half = len(prompt) // 2  # in two pieces, where there are two
        if half:
            batch.prefill([Piece(slot, prompt[:half], 0)])
        [row] = batch.prefill([Piece(slot, prompt[half:], half)])
        answers.append([int(row.argmax())])
    for _ in range(11):
        slots = range(len(PROMPTS))
        logits = batch.decode(slots, [answer[-1] for answer in answers])
        for answer, row in zip(answers, logits, strict=True):
            answer.append(int(row.argmax()))
    assert answers == expected


@pytest.mark.parametrize("kind", CONFIGS)
def test_prompts_read_in_one_pass_give_what_each_gives_alone(kind: str) -> None:
    lean = lean_of(model_of(CONFIGS[kind]))
    together, alone = KVCache(lean, 4, 128), KVCache(lean, 4, 128)
    halves = [len(prompt) // 3 for prompt in PROMPTS[:4]]
    for begins, ends in ((0, 1), (1, 3)):  # a first and a second piece of each
        pieces = [Piece(slot, PROMPTS[slot][begins * half : max(1, ends * half)]
                        or PROMPTS[slot][-1:], begins * half)
                  for slot, half in enumerate(halves)]
        expected = torch.cat([lean.prefill(alone, [piece]) for piece in pieces])
        torch.testing.assert_close(lean.prefill(together, pieces), expected,
                                   rtol=1e-4, atol=1e-4)


def test_a_slot_in_between_may_be_free_or_half_read() -> None:
    model = model_of(CONFIGS["llama"])
    batch = LeanNetwork(lean_of(model)).batch(3, 128)
    first, third, _ = (int(row.argmax()) for row in batch.prefill([
        Piece(0, PROMPTS[0], 0), Piece(2, PROMPTS[1], 0),
        Piece(1, PROMPTS[3][:20], 0),  # half read while the others decode
    ]))
    answers = {0: [first], 2: [third]}
    for _ in range(5):
        logits = batch.decode([0, 2], [answers[0][-1], answers[2][-1]])
        for slot, row in zip((0, 2), logits, strict=True):
            answers[slot].append(int(row.argmax()))
    second = int(batch.prefill([Piece(1, PROMPTS[3][20:], 20)])[0].argmax())
    assert answers[0] == reference(model, PROMPTS[0], 6)
    assert answers[2] == reference(model, PROMPTS[1], 6)
    assert second == reference(model, PROMPTS[3], 1)[0]


def test_a_slot_that_was_used_before_shows_nothing_of_it() -> None:
    model = model_of(CONFIGS["qwen3"])
    batch = LeanNetwork(lean_of(model)).batch(1, 128)
    batch.prefill([Piece(0, PROMPTS[3], 0)])
    batch.clear(0)
    again = batch.prefill([Piece(0, PROMPTS[0], 0)])[0]
    assert int(again.argmax()) == reference(model, PROMPTS[0], 1)[0]


def test_bfloat16_logits_stay_within_tolerance() -> None:
    model = model_of(CONFIGS["llama"], torch.bfloat16)
    lean = lean_of(model)
    for prompt in PROMPTS:
        with torch.no_grad():
            expected = model(torch.tensor([prompt])).logits[0, -1].float()
        got = lean.prefill(KVCache(lean, 1, 128), [Piece(0, prompt, 0)])[0]
        assert (got - expected).abs().max() < 0.05 * expected.abs().max()


@pytest.mark.parametrize("config", [
    GPT2Config(vocab_size=97, n_embd=32, n_layer=2, n_head=4),
    MistralConfig(**SIZES, sliding_window=8),
    LlamaConfig(**SIZES, hidden_act="gelu"),
    LlamaConfig(**SIZES, mlp_bias=True),
    LlamaConfig(**SIZES, attention_bias=True),
    LlamaConfig(**SIZES, rope_parameters={
        "rope_type": "dynamic", "factor": 2.0, "rope_theta": 10_000.0}),
], ids=["gpt2", "sliding", "gelu", "mlp-bias", "attention-bias", "dynamic-rope"])
def test_what_it_cannot_run_is_left_to_transformers(config: Any) -> None:
    assert not can_run(AutoModelForCausalLM.from_config(config))
