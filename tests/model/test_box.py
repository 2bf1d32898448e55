"""The box of notebook 02: one answer with a cache and without, all passes noted."""

import pytest
import torch
from transformers import PreTrainedModel

from lab_utils.model.box import Box, likeliest, load_box
from tests.models import tiny_model

PROMPT = [3, 1, 4, 1, 5]


@pytest.fixture(scope="module")
def model() -> PreTrainedModel:
    return tiny_model()


def test_the_likeliest_is_the_id_of_the_highest_score() -> None:
    assert likeliest(torch.tensor([0.5, 2.0, -1.0])) == 1


def test_the_same_answer_with_a_cache_and_without(model: PreTrainedModel) -> None:
    box = Box(model)
    slow, quick = box.slow_answer(PROMPT, 12), box.quick_answer(PROMPT, 12)
    assert slow == quick
    assert slow[:5] == PROMPT
    assert len(slow) == 17


def test_without_a_cache_every_pass_pushes_the_whole_text(
    model: PreTrainedModel,
) -> None:
    box = Box(model)
    box.slow_answer(PROMPT, 4)
    assert [tokens for tokens, _ in box.passes] == [5, 6, 7, 8]
    assert all(ms > 0 for _, ms in box.passes)


def test_with_one_every_pass_pushes_what_the_cache_lacks(
    model: PreTrainedModel,
) -> None:
    box = Box(model)
    box.quick_answer(PROMPT, 4)
    assert [tokens for tokens, _ in box.passes] == [5, 1, 1, 1]


def test_the_cache_holds_all_ids_that_were_pushed(model: PreTrainedModel) -> None:
    box = Box(model)
    logits, cache = box.push(PROMPT)
    assert torch.equal(logits, box.push_all(PROMPT))
    _, cache = box.push([likeliest(logits)], cache)
    assert cache.get_seq_length() == 6


def test_a_box_around_the_tutor() -> None:
    _, tokenizer, box = load_box("tutor")
    ids = box.quick_answer(tokenizer.encode("What is 2 + 2?"), 5)
    assert tokenizer.decode(ids).endswith("The answer is 4.")
    assert torch.get_num_threads() == 1
