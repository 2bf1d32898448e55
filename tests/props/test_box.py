"""The box of notebook 02: an answer with a cache, all passes noted."""

import pytest
import torch
from transformers import PreTrainedModel

from lab_utils.lessons.n02_box import Pass, likeliest, pusher, quickly, slowly
from tests.models import tiny_model

PROMPT = [3, 1, 4, 1, 5]


@pytest.fixture(scope="module")
def model() -> PreTrainedModel:
    return tiny_model()


def test_the_likeliest_is_the_id_of_the_highest_score() -> None:
    assert likeliest(torch.tensor([0.5, 2.0, -1.0])) == 1


def test_the_same_answer_with_a_cache_and_without(model: PreTrainedModel) -> None:
    push = pusher(model, [])
    slow = slowly(push)(PROMPT, 12)
    assert quickly(push)(PROMPT, 12) == slow
    assert len(slow) == 17


def test_every_pass_is_noted_with_the_tokens_that_were_pushed(
    model: PreTrainedModel,
) -> None:
    passes: list[Pass] = []
    quickly(pusher(model, passes))(PROMPT, 4)
    slowly(pusher(model, passes))(PROMPT, 3)
    assert [tokens for tokens, _ in passes] == [5, 1, 1, 1, 5, 6, 7]
    assert all(ms > 0 for _, ms in passes)


def test_the_cache_holds_all_ids_that_were_pushed(model: PreTrainedModel) -> None:
    push = pusher(model, [])
    logits, cache = push(PROMPT)
    _, cache = push([likeliest(logits)], cache)
    assert cache.get_seq_length() == 6
