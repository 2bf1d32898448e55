"""What notebook 02 builds by hand does what the library does."""

from typing import Any

import pytest

from lab_utils.engine.loading import load_engine
from lab_utils.engine.model_engine import ModelEngine
from lab_utils.lessons.n02_box import Answer, Pass, pusher, quickly
from lab_utils.lessons.so_far import catch_up
from lab_utils.model.kv_cache import KVCache
from lab_utils.model.llama import LeanLlama
from lab_utils.model.loading import load_model
from tests.lessons.lesson import Lesson

STORY = "Tell me a story."
ASKED = [
    ("What is 2 + 2?", 128), ("What is 2 + 2?", 6), ("What is 2 + 2?", 5),
    ("What is 17 - 5?", 1), ("Hello", 128), ("What is prefill?", 40), (STORY, 60),
]


@pytest.fixture(scope="module")
def inline() -> dict[str, Any]:
    return Lesson("02").define(
        "generate_stream", "stream_ids", "slow_answer", "quick_answer", "diary",
        "cache_bytes", "pieces",
    )


@pytest.fixture(scope="module")
def engine() -> ModelEngine:
    return load_engine("tutor")


@pytest.fixture(scope="module")
def passes() -> list[Pass]:
    return []


@pytest.fixture(scope="module")
def quick_answer(passes: list[Pass]) -> Answer:
    return quickly(pusher(load_model("tutor", "float32")[0], passes))


@pytest.mark.parametrize(("prompt", "most"), ASKED)
def test_generate_stream(
    inline: dict[str, Any], engine: ModelEngine, prompt: str, most: int
) -> None:
    ours = list(inline["generate_stream"](prompt, most))
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


def test_greedy_ids_with_and_without_a_cache(
    inline: dict[str, Any], quick_answer: Answer, engine: ModelEngine
) -> None:
    for prompt in (STORY, "Hello", "What is a token?"):
        ids = engine.encode(prompt)
        found = [inline["slow_answer"](ids, 25), inline["quick_answer"](ids, 25)]
        assert found == 2 * [quick_answer(ids, 25)]


def test_passes_are_noted_as_the_librarys_box_notes_them(
    inline: dict[str, Any], quick_answer: Answer, passes: list[Pass],
    engine: ModelEngine,
) -> None:
    ids = engine.encode(STORY)
    passes.clear()
    quick_answer(ids, 10)
    noted = inline["diary"](inline["quick_answer"], ids, 10)
    assert [n for n, _ in noted] == [n for n, _ in passes]


def test_a_catch_up_answers_as_the_section_before_it(
    inline: dict[str, Any], engine: ModelEngine
) -> None:
    ids = engine.encode(STORY)
    names: dict[str, Any] = {}
    catch_up(names, "02", "passes slow_answer quick_answer")
    assert names["quick_answer"](ids, 10) == inline["slow_answer"](ids, 10)
    names["passes"].clear()
    assert names["slow_answer"](ids, 10) == inline["slow_answer"](ids, 10)
    assert [n for n, _ in names["passes"]] == list(range(len(ids), len(ids) + 10))


def test_the_bytes_of_a_cache(inline: dict[str, Any]) -> None:
    model, _ = load_model("tutor", "float32")
    config = model.config
    room = KVCache(LeanLlama.of(model), slots=1, context=100)
    assert inline["cache_bytes"](config, 100, 4) == room.block.nbytes


def test_pieces_of_text(inline: dict[str, Any], engine: ModelEngine) -> None:
    text = "naïve 😀, ça va?"
    pieces = list(inline["pieces"](engine.encode(text)))
    assert "".join(pieces) == text
    assert not any("�" in piece for piece in pieces)


def test_top_p() -> None:
    import torch

    from lab_utils.engine.sampling import keep_top_p

    nucleus = Lesson("02").define("nucleus")["nucleus"]
    generator = torch.Generator().manual_seed(3)
    for top_p in (0.05, 0.3, 0.7, 0.9, 0.99):
        logits = 3 * torch.randn(500, generator=generator)
        assert torch.equal(nucleus(logits, top_p), keep_top_p(logits, top_p))
