"""The weights of a Llama, taken over from transformers' modules.

Shapes in comments: H query heads, K key/value heads, D head size.
"""

from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from lab_utils.model.packed import Matrix


@dataclass(slots=True)
class Layer:
    """The weights of one layer; a bias or norm that a checkpoint lacks is None."""

    attention_norm: Tensor  # [hidden]
    qkv: Matrix  # [(H + 2 K) D, hidden]
    query_norm: Tensor | None  # [D]
    key_norm: Tensor | None  # [D]
    out: Matrix  # [hidden, H D]
    mlp_norm: Tensor  # [hidden]
    gate_up: Matrix  # [2 intermediate, hidden]
    down: Matrix  # [hidden, intermediate]

    @classmethod
    def of(cls, layer: Any) -> Self:
        """Take over the weights of a transformers layer, fused and packed; its own are
        emptied as they are read."""
        attention, mlp = layer.self_attn, layer.mlp
        return cls(
            attention_norm=layer.input_layernorm.weight.data,
            qkv=take(attention.q_proj, attention.k_proj, attention.v_proj),
            query_norm=_weight(attention, "q_norm"),
            key_norm=_weight(attention, "k_norm"),
            out=take(attention.o_proj),
            mlp_norm=layer.post_attention_layernorm.weight.data,
            gate_up=take(mlp.gate_proj, mlp.up_proj),
            down=take(mlp.down_proj),
        )


def take(*linears: Any) -> Matrix:
    """One matrix of several that multiply the same rows; they are emptied."""
    weights = [linear.weight.data for linear in linears]
    biases = [linear.bias.data for linear in linears if linear.bias is not None]
    taken = Matrix(
        torch.cat(weights) if len(weights) > 1 else weights[0],
        torch.cat(biases) if biases else None,
    )
    for linear in linears:
        linear.weight.data = torch.empty(0)
    return taken


def _weight(module: Any, name: str) -> Tensor | None:
    norm = getattr(module, name, None)
    return None if norm is None else norm.weight.data


def rotations(rotary: Any, context: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Cosine and sine of every position's turn, [context, D] each. A pair (x of the
    first half, y of the second) becomes (x cos - y sin, y cos + x sin), so the sine of
    the first half is negative."""
    angles = torch.outer(torch.arange(context).float(), rotary.inv_freq.float())
    cos, sin = angles.cos(), angles.sin()
    scale = rotary.attention_scaling
    cos, sin = torch.cat([cos, cos], -1) * scale, torch.cat([-sin, sin], -1) * scale
    return cos.to(dtype), sin.to(dtype)
