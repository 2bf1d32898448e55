"""The keys and values of all sequences, in one block of memory."""

import math
import mmap
import sys
from typing import Any, Protocol

import torch
from torch import Tensor


class Shape(Protocol):
    """What a model's cache is measured by, as `LeanLlama` has it."""

    layers_count: int
    kv_heads: int
    head_dim: int
    dtype: torch.dtype


class KVCache:
    """Room for the keys and values of `slots` sequences of up to `context` tokens.

    What lies beyond a sequence's length is masked. A token's key lies beside its value,
    so that one write stores both. Memory is reserved, and taken as it is written to.
    """

    def __init__(self, model: Shape, slots: int, context: int) -> None:
        shape = (model.layers_count, slots, context, 2, model.kv_heads, model.head_dim)
        self.block = _zeros_on_demand(shape, model.dtype)
        self.context = context

    def forget(self, slot: int, length: int) -> None:
        """Clear the first `length` tokens of `slot`. A mask alone is not enough: a NaN
        or an infinity that is masked is still NaN for the next sequence there."""
        self.block[:, slot, :length].zero_()


def _zeros_on_demand(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Zeros whose pages the system hands out at the first write; `torch.zeros` would
    write to all of them at once."""
    # Python's default is memory shared between processes, which containers limit.
    private: dict[str, Any] = {}
    if sys.platform != "win32":
        private["flags"] = mmap.MAP_PRIVATE
    pages = mmap.mmap(-1, math.prod(shape) * dtype.itemsize, **private)
    return torch.frombuffer(pages, dtype=dtype).view(shape)
