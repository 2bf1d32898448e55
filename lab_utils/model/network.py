"""Any causal language model as a box: token ids in, logits out.

Two boxes with the same four methods: `LeanNetwork` for checkpoints of Llama's shape,
many sequences in one pass, and `TransformersNetwork`, which runs whatever transformers
can load, one sequence after the other.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lab_utils.model.cache import CacheNames
from lab_utils.model.kv_cache import KVCache
from lab_utils.model.llama import LeanLlama, Piece


class Batch(ABC):
    """The keys and values of several sequences, and the model that extends them."""

    @abstractmethod
    def prefill(self, pieces: Sequence[Piece]) -> list[Tensor]:
        """Push prompts or pieces of them, in one pass where the model can; the logits
        [vocabulary] after the last token of each."""

    @abstractmethod
    def decode(self, slots: Sequence[int], ids: Sequence[int]) -> list[Tensor]:
        """Push one new token into each of `slots`; logits [vocabulary] of each."""

    @abstractmethod
    def clear(self, slot: int) -> None:
        """Forget what `slot` holds."""


class Network(ABC):
    """Weights that can serve any number of `Batch`, from any thread.

    chunked: whether a prompt may be pushed in several pieces.
    """

    chunked: bool

    @abstractmethod
    def batch(self, slots: int, context: int) -> Batch:
        """Room for `slots` sequences of up to `context` tokens each."""


class LeanNetwork(Network):
    """Runs a `LeanLlama`: one pass for all slots, one block of memory for the cache."""

    chunked = True

    def __init__(self, model: LeanLlama) -> None:
        self._model = model

    def batch(self, slots: int, context: int) -> Batch:
        """Room for `slots` sequences, allocated at once."""
        return _LeanBatch(self._model, slots, context)


class _LeanBatch(Batch):
    def __init__(self, model: LeanLlama, slots: int, context: int) -> None:
        self._model = model
        self._cache = KVCache(model, slots, context)
        self._lengths = [0] * slots

    def prefill(self, pieces: Sequence[Piece]) -> list[Tensor]:
        for piece in pieces:
            self._lengths[piece.slot] = piece.start + len(piece.ids)
        return list(self._model.prefill(self._cache, pieces))

    def decode(self, slots: Sequence[int], ids: Sequence[int]) -> list[Tensor]:
        # One pass over all slots up to the highest: a view of the cache, no copy. The
        # slots between are computed too, and write into the place behind their end,
        # where their own next token will overwrite it.
        rows = max(slots) + 1
        newest = [0] * rows
        for slot, token_id in zip(slots, ids, strict=True):
            newest[slot] = token_id
        last = self._cache.context - 1
        lengths = [min(length, last) for length in self._lengths[:rows]]
        logits = self._model.decode(self._cache, newest, lengths)
        for slot in slots:
            self._lengths[slot] += 1
        return [logits[slot] for slot in slots]

    def clear(self, slot: int) -> None:
        # The place behind the end, too: passes over the slots around it write there.
        self._cache.forget(slot, self._lengths[slot] + 1)
        self._lengths[slot] = 0


class TransformersNetwork(Network):
    """Runs any causal language model of transformers through its own forward.

    use_cache: keep what the model made of all earlier tokens (keys and values, or the
    state of a recurrent model) and feed only the newest one. False feeds the whole text
    at every step: same tokens, ever slower steps. So do models that give no cache.
    """

    chunked = False

    def __init__(self, model: Any, *, use_cache: bool = True) -> None:
        self._model = model
        self._use_cache = use_cache
        self._cache_names = CacheNames(model)
        accepted = inspect.signature(model.forward).parameters
        # Without it a prefill computes logits for every position and reads only one.
        self._only_last = {"logits_to_keep": 1} if "logits_to_keep" in accepted else {}

    def batch(self, slots: int, context: int) -> Batch:
        """Room for `slots` sequences; each grows as it needs."""
        return _TransformersBatch(self)

    # As a decorator, not as `with` in a generator: one that pauses inside a `with`
    # leaves the mode switched on in this thread, and off in the next one.
    @torch.inference_mode()
    def forward(self, ids: list[int], cache: Any) -> tuple[Tensor, Any]:
        """Logits [vocabulary] for what follows `ids`, and the cache that now holds all
        of `ids`, if the model gives one. Without a cache the whole of `ids` is pushed
        through the model, with one only its last id."""
        new_ids = ids if cache is None else ids[-1:]
        output = self._model(
            torch.tensor([new_ids]), use_cache=self._use_cache, **self._only_last,
            **self._cache_names.arguments(cache),
        )
        given = self._cache_names.given(output) if self._use_cache else None
        return output.logits[0, -1].float(), given


class _TransformersBatch(Batch):
    def __init__(self, network: TransformersNetwork) -> None:
        self._network = network
        self._ids: dict[int, list[int]] = {}
        self._caches: dict[int, Any] = {}

    def prefill(self, pieces: Sequence[Piece]) -> list[Tensor]:
        for piece in pieces:
            self.clear(piece.slot)  # a pass that failed for another may have filled it
            self._ids[piece.slot] = list(piece.ids)
        return [self._push(piece.slot) for piece in pieces]

    def decode(self, slots: Sequence[int], ids: Sequence[int]) -> list[Tensor]:
        for slot, token_id in zip(slots, ids, strict=True):
            self._ids[slot].append(token_id)
        return [self._push(slot) for slot in slots]

    def _push(self, slot: int) -> Tensor:
        cache = self._caches.get(slot)
        logits, self._caches[slot] = self._network.forward(self._ids[slot], cache)
        return logits

    def clear(self, slot: int) -> None:
        self._ids.pop(slot, None)
        self._caches.pop(slot, None)
