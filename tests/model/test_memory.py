"""The keys and values of a real checkpoint: how many tokens fit, and when they cost."""

import logging
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import torch

from lab_utils.engine.loading import wrap
from lab_utils.model import memory
from lab_utils.model.kv_cache import KVCache
from lab_utils.model.llama import LeanLlama, Piece
from tests.models import byte_tokenizer, tiny_model

TINY_TOKEN = 2 * 2 * 2 * 8 * 4  # layers × (key, value) × heads × size × float32


def engine(**options: Any) -> Any:
    return wrap(tiny_model(), byte_tokenizer(), name="tiny", **options)


def test_a_token_of_llama_3_2_1b_takes_32_kilobytes_in_bfloat16() -> None:
    config = SimpleNamespace(
        num_hidden_layers=16, num_key_value_heads=8, head_dim=64
    )
    assert memory.bytes_per_token(config, torch.bfloat16) == 32_768


def test_a_context_that_fits_is_served_as_it_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert engine().context == 128
    assert not caplog.records


def test_one_that_does_not_fit_is_lowered_and_said_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    room = 4 * 8 * 50 * TINY_TOKEN
    monkeypatch.setattr(memory, "machine_bytes", lambda: room)
    with caplog.at_level(logging.WARNING):
        lowered = engine()
    assert lowered.context == 50
    assert "context of 50 tokens instead of 128" in caplog.text
    assert engine(context=128).context == 128, "the option decides"


@pytest.mark.parametrize("context", [0, -1, 129])
def test_a_context_that_the_model_cannot_have_is_refused(context: int) -> None:
    with pytest.raises(ValueError, match=f"from 1 to 128 tokens; got {context}"):
        engine(context=context)


def test_the_limit_of_a_container_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "CGROUP", limit)
    whole = memory.machine_bytes()
    limit.write_text("max\n")
    assert memory.machine_bytes() == whole
    limit.write_text("1000000\n")
    assert memory.machine_bytes() == 1_000_000


def test_memory_is_taken_as_it_is_used() -> None:
    model = LeanLlama.of(tiny_model())
    before = psutil.Process().memory_info().rss
    cache = KVCache(model, 8, 131_072)
    size = cache.block.numel() * cache.block.element_size()
    assert size == 8 * 131_072 * TINY_TOKEN > 250_000_000
    model.prefill(cache, [Piece(3, [1, 2, 3], 0)])
    assert psutil.Process().memory_info().rss - before < size / 10
    cache.forget(3, 3)
    assert not cache.block.any()


def test_tokens_that_the_model_has_no_row_for_are_counted_when_it_is_loaded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    wrap(tiny_model(vocab_size=100), byte_tokenizer(), name="short")
    assert "157 tokens of short's tokenizer have no row" in caplog.text
