"""The model as a box that keeps a diary of its forward passes.

Notebook 02 builds this by hand; its later sections start from here.
"""

from time import perf_counter
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lab_utils.model.cache import CacheNames
from lab_utils.model.loading import load_model


def likeliest(logits: Tensor) -> int:
    """The id with the highest of `logits` [vocabulary]."""
    return int(logits.argmax())


class Box:
    """A transformers model, one text at a time.

    passes: of each forward pass, how many tokens were pushed and how many milliseconds
    it took.
    """

    def __init__(self, model: Any) -> None:
        self.passes: list[tuple[int, float]] = []
        self._model = model
        self._cache_names = CacheNames(model)

    @torch.inference_mode()
    def push(self, ids: list[int], cache: Any = None) -> tuple[Tensor, Any]:
        """The logits [vocabulary] for what follows `ids`, and the cache, which holds
        these ids too from now on. cache: of all ids before them."""
        start = perf_counter()
        arguments = self._cache_names.arguments(cache)
        out = self._model(torch.tensor([ids]), **arguments)
        self.passes.append((len(ids), 1e3 * (perf_counter() - start)))
        return out.logits[0, -1], self._cache_names.given(out)

    def quick_answer(self, ids: list[int], steps: int) -> list[int]:
        """`ids` and the `steps` likeliest after them; every step pushes only those that
        the cache lacks."""
        new, cache = ids, None
        for _ in range(steps):
            logits, cache = self.push(new, cache)
            newest = [likeliest(logits)]
            ids = [*ids, *newest]
            new = ids if cache is None else newest
        return ids


def load_box(
    name: str,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, Box]:
    """The model `name` in float32, its tokenizer, and a box around it; sets torch to
    one thread, which is enough for a small model."""
    torch.set_num_threads(1)
    model, tokenizer = load_model(name, "float32")
    return model, tokenizer, Box(model)
