"""What notebook 02 builds by hand does what the library does."""

from typing import Any

import pytest

from lab_utils.engine import ModelEngine
from lab_utils.model.box import Box
from lab_utils.model.llama import KVCache, LeanLlama
from lab_utils.model.loading import load_engine, load_model
from tests.lessons.lesson import Lesson

STORY = "Tell me a story."
ASKED = [
    ("What is 2 + 2?", 128), ("What is 2 + 2?", 6), ("What is 2 + 2?", 5),
    ("What is 17 - 5?", 1), ("Hello", 128), ("What is prefill?", 40), (STORY, 60),
]


@pytest.fixture(scope="module")
def inline() -> dict[str, Any]:
    return Lesson("02").define(
        "generate_stream", "stream_ids", "slow_answer", "quick_answer", "cache_bytes"
    )


@pytest.fixture(scope="module")
def engine() -> ModelEngine:
    return load_engine("tutor")


@pytest.mark.parametrize(("prompt", "most"), ASKED)
def test_generate_stream(
    inline: dict[str, Any], engine: ModelEngine, prompt: str, most: int
) -> None:
    ours = [(item["token"], item["token_id"], item["finish_reason"])
            for item in inline["generate_stream"](prompt, most)]
    theirs = [(token.text, token.token_id, token.finish_reason)
              for token in engine.generate_stream(prompt, most, temperature=0)]
    assert ours == theirs


def test_ids_are_streamed_as_they_are_made(
    inline: dict[str, Any], engine: ModelEngine
) -> None:
    inline["passes"].clear()
    stream = inline["stream_ids"](STORY, 30)
    theirs = engine.generate_stream(STORY, 30, temperature=0)
    for made, token in enumerate(theirs, 1):
        assert next(stream) == token.token_id
        assert len(inline["passes"]) == made


def test_greedy_ids_with_and_without_a_cache(inline: dict[str, Any]) -> None:
    model, tokenizer = load_model("tutor", "float32")
    box = Box(model)
    for prompt in (STORY, "Hello", "What is a token?"):
        ids = tokenizer.encode(prompt)
        found = [inline["slow_answer"](ids, 25), inline["quick_answer"](ids, 25),
                 box.slow_answer(ids, 25), box.quick_answer(ids, 25)]
        assert found == 4 * [found[0]]


def test_passes_are_noted_as_the_librarys_box_notes_them(
    inline: dict[str, Any],
) -> None:
    model, tokenizer = load_model("tutor", "float32")
    ids = tokenizer.encode(STORY)
    for name in ("slow_answer", "quick_answer"):
        box = Box(model)
        getattr(box, name)(ids, 10)
        inline["passes"].clear()
        inline[name](ids, 10)
        ours, theirs = ([tokens for tokens, _ in passes]
                        for passes in (inline["passes"], box.passes))
        assert ours == theirs


def test_the_bytes_of_a_cache(inline: dict[str, Any]) -> None:
    model, _ = load_model("tutor", "float32")
    config = model.config
    room = KVCache(LeanLlama.of(model), slots=1, context=100)
    assert inline["cache_bytes"](config, 100, 4) == room.block.nbytes


def test_pieces_of_text(inline: dict[str, Any], engine: ModelEngine) -> None:
    pieces = Lesson("02").define("Pieces")["Pieces"](engine.tokenizer)
    text = "naïve 😀, ça va?"
    ids = engine.encode(text)
    assert "".join(map(pieces.push, ids)) + pieces.finish() == text


def test_top_p() -> None:
    import torch

    from lab_utils.engine.sampling import keep_top_p

    nucleus = Lesson("02").define("nucleus")["nucleus"]
    generator = torch.Generator().manual_seed(3)
    for top_p in (0.05, 0.3, 0.7, 0.9, 0.99):
        logits = 3 * torch.randn(500, generator=generator)
        assert torch.equal(nucleus(logits, top_p), keep_top_p(logits, top_p))
