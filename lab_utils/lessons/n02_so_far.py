"""What notebook 02 has made so far, for who starts in its middle."""

from functools import cache
from time import perf_counter

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lab_utils import load_engine, predict
from lab_utils.engine import Engine
from lab_utils.lessons.n02_box import (
    Answer,
    Pass,
    Push,
    likeliest,
    pusher,
    quickly,
    slowly,
)
from lab_utils.lessons.n02_squares import doubled
from lab_utils.lessons.so_far import made
from lab_utils.model.loading import load_model

__all__ = ["doubled", "likeliest", "perf_counter", "predict", "torch"]


@cache
def _loaded() -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    torch.set_num_threads(1)
    return load_model("tutor", "float32")


@made
def model() -> PreTrainedModel:
    """Ids in, logits out."""
    return _loaded()[0]


@made
def tokenizer() -> PreTrainedTokenizerBase:
    """Text to ids, and back."""
    return _loaded()[1]


@made
def engine() -> Engine:
    """The library's, around the same model."""
    return load_engine("tutor")


@made
def passes() -> list[Pass]:
    """The diary: of each forward pass the tokens pushed and the milliseconds."""
    return []


@made
def prompt(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The ids of a short beginning."""
    ids: list[int] = tokenizer.encode("Once upon")
    return ids


@made
def slow_answer(model: PreTrainedModel, passes: list[Pass]) -> Answer:
    """Every step pushes the whole text."""
    return slowly(pusher(model, passes))


@made
def push(model: PreTrainedModel, passes: list[Pass]) -> Push:
    """Ids and a cache in; the logits behind the last id and the cache out."""
    return pusher(model, passes)


@made
def quick_answer(push: Push) -> Answer:
    """Every step pushes only what the cache lacks."""
    return quickly(push)
