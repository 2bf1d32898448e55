"""The box of notebook 02: an answer with a cache, all passes noted."""

import pytest
import torch
from transformers import PreTrainedModel

from lab_utils.lessons.n02_box import Box, likeliest, load_box
from tests.models import tiny_model

PROMPT = [3, 1, 4, 1, 5]


@pytest.fixture(scope="module")
def model() -> PreTrainedModel:
    return tiny_model()


def test_the_likeliest_is_the_id_of_the_highest_score() -> None:
    assert likeliest(torch.tensor([0.5, 2.0, -1.0])) == 1


def test_the_same_answer_with_a_cache_and_without(model: PreTrainedModel) -> None:
    box, slow = Box(model), PROMPT
    for _ in range(12):
        slow = [*slow, likeliest(box.push(slow)[0])]
    assert box.quick_answer(PROMPT, 12) == slow
    assert len(slow) == 17


def test_every_pass_is_noted_with_the_tokens_that_the_cache_lacks(
    model: PreTrainedModel,
) -> None:
    box = Box(model)
    box.quick_answer(PROMPT, 4)
    assert [tokens for tokens, _ in box.passes] == [5, 1, 1, 1]
    assert all(ms > 0 for _, ms in box.passes)


def test_the_cache_holds_all_ids_that_were_pushed(model: PreTrainedModel) -> None:
    box = Box(model)
    logits, cache = box.push(PROMPT)
    _, cache = box.push([likeliest(logits)], cache)
    assert cache.get_seq_length() == 6


def test_a_box_around_the_tutor() -> None:
    _, tokenizer, box = load_box("tutor")
    ids = box.quick_answer(tokenizer.encode("What is 2 + 2?"), 5)
    assert tokenizer.decode(ids).endswith("The answer is 4.")
    assert torch.get_num_threads() == 1
