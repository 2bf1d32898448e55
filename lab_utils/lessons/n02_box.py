"""The model as a box: ids in, logits and a cache out, and a diary of what it did.

Notebook 02 builds this by hand; its later sections can start from here.
"""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from lab_utils.model.cache import CacheNames

Pass = tuple[int, float]
"""Of a forward pass: how many tokens were pushed, how many milliseconds it took."""

Push = Callable[..., tuple[Tensor, Any]]
Answer = Callable[[list[int], int], list[int]]


def likeliest(logits: Tensor) -> int:
    """The id with the highest of `logits` [vocabulary]."""
    return int(logits.argmax())


def pusher(model: Any, passes: list[Pass]) -> Push:
    """A function that makes one forward pass of `model` and notes it in `passes`.

    It takes ids and the cache of all ids before them, and returns the logits
    [vocabulary] for what follows, and the cache, which holds these ids too from now on.
    """
    names = CacheNames(model)

    @torch.inference_mode()
    def push(ids: list[int], cache: Any = None) -> tuple[Tensor, Any]:
        start = perf_counter()
        out = model(torch.tensor([ids]), **names.arguments(cache))
        passes.append((len(ids), 1e3 * (perf_counter() - start)))
        return out.logits[0, -1], names.given(out)

    return push


def slowly(push: Push) -> Answer:
    """A function that takes ids and returns them with the `steps` likeliest after them;
    every step pushes the whole text."""

    def slow_answer(ids: list[int], steps: int) -> list[int]:
        for _ in range(steps):
            ids = [*ids, likeliest(push(ids)[0])]
        return ids

    return slow_answer


def quickly(push: Push) -> Answer:
    """The same, and every step pushes only what the cache lacks."""

    def quick_answer(ids: list[int], steps: int) -> list[int]:
        new, cache = ids, None
        for _ in range(steps):
            logits, cache = push(new, cache)
            new = [likeliest(logits)]
            ids = [*ids, *new]
        return ids

    return quick_answer
