"""Weight matrices in the order in which the processor reads them fastest.

A decode step is as fast as its weights are read, and oneDNN, the library beneath torch
on a CPU, reads them faster in blocks of its own layout: "packed", once, while loading.
Torch has no public name for it; its own compiler (inductor) packs by the two operators
that are used here. Where they are missing or wrong (`obstacle`), `F.linear` multiplies.

Whole decode steps on two cores of an AMD EPYC (Zen 5, avx512_bf16) with torch 2.13:
packed against plain in turns, the best of four rounds, times as many tokens per second.

| model          | dtype    | threads | one sequence | eight | their prefill |
| -------------- | -------- | ------- | ------------ | ----- | ------------- |
| micro, 5.5 M   | float32  | 1       | 1.0          | 1.5   | 1.5           |
| 135 M          | bfloat16 | 2       | 1.4          | 1.4   | 1.3           |
| 135 M          | float32  | 2       | 2.1          | 2.6   | 2.4           |
| 1.1 B          | bfloat16 | 2       | 2.5          | 2.0   | 1.8           |
| 1.1 B          | float32  | 2       | 2.9          | 4.2   | 4.5           |
"""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

PACKED_FROM = {torch.float32: 256 * 1024, torch.bfloat16: 0}
"""Matrices of so many bytes are packed; smaller ones and other dtypes are not."""

ONE_ROW_FROM = {torch.float32: 2 * 1024 * 1024, torch.bfloat16: 0}
"""A packed matrix below this stays in the processor's cache, where the plain one is
quicker for a single row: it is kept both ways."""

_onednn = torch.ops.mkldnn


class Matrix:
    """A weight matrix [out, in] that multiplies rows: what `F.linear` computes.

    The bias, if there is one, is [out]. `shape` is the weight's; a large packed one
    cannot be read back.
    """

    __slots__ = ("_bias", "_packed", "_plain", "shape")

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        size, dtype = weight.numel() * weight.element_size(), weight.dtype
        pays = dtype in PACKED_FROM and size >= PACKED_FROM[dtype]
        packs = pays and obstacle(dtype) is None
        self.shape = weight.shape
        self._packed = _pack(weight) if packs else None
        only_packed = packs and size >= ONE_ROW_FROM[dtype]
        self._plain = None if only_packed else _columns(weight)
        self._bias = bias

    def __call__(self, rows: Tensor) -> Tensor:
        """The product [..., out] of `rows` [..., in]."""
        one = rows.numel() == self.shape[1]
        if self._plain is not None and (one or self._packed is None):
            return F.linear(rows, self._plain, self._bias)
        assert self._packed is not None, "a matrix is kept in one way at least"
        return _multiply(rows, self._packed, self._bias)


@cache
def obstacle(dtype: torch.dtype) -> str | None:
    """Why matrices of `dtype` cannot be packed here; None where they can."""
    weight = torch.linspace(-1, 1, 64 * 32).view(64, 32).to(dtype)
    rows = torch.linspace(-1, 1, 3 * 32).view(3, 32).to(dtype)
    try:
        product = _multiply(rows, _pack(weight), None)
    except (AttributeError, RuntimeError) as error:
        return f"this torch does not pack here ({str(error).partition(chr(10))[0]})"
    if not torch.allclose(product, F.linear(rows, weight), rtol=1e-2, atol=1e-4):
        return "this torch packs and then multiplies otherwise"
    return None


def _columns(weight: Tensor) -> Tensor:
    """The same matrix, one column behind the other in memory: in float32 MKL reads it
    so for a single row in 0.6 to 0.9 of the time, and for several in as much."""
    return weight.t().contiguous().t() if weight.dtype == torch.float32 else weight


def _pack(weight: Tensor) -> Tensor:
    packed: Tensor = _onednn._reorder_linear_weight(weight)
    return packed


def _multiply(rows: Tensor, packed: Tensor, bias: Tensor | None) -> Tensor:
    product: Tensor = _onednn._linear_pointwise(rows, packed, bias, "none", [], "")
    return product
