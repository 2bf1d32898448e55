"""The lean forward: a Llama in plain torch, several sequences ("slots") in one step.

Transformers' own forward walks through a tree of modules that can do anything; this one
does one thing. What makes it fast on a CPU: the three attention inputs are one matrix
product and the two of the gate another (each weight is read once per step, and reading
weights is what a step costs), the keys and values live in one preallocated block, and
eight sequences cost little more than one, because the weights are read once for all.

It runs the checkpoints of Llama's shape: RMSNorm, rotary positions, grouped-query
attention, a SiLU gate. Qwen2 adds biases to the attention inputs, Qwen3 a norm on each
query and key. Shapes in comments: B sequences, T new tokens, H query heads, K key/value
heads, D head size.
"""

from dataclasses import dataclass
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor

SHAPES = ("llama", "qwen2", "qwen3", "mistral")
"""`model_type` of the checkpoints that this forward can run."""


@dataclass(slots=True)
class Layer:
    """The weights of one layer; a bias or norm that a checkpoint lacks is None."""

    attention_norm: Tensor  # [hidden]
    qkv: Tensor  # [(H + 2 K) D, hidden]
    qkv_bias: Tensor | None  # [(H + 2 K) D]
    query_norm: Tensor | None  # [D]
    key_norm: Tensor | None  # [D]
    out: Tensor  # [hidden, H D]
    mlp_norm: Tensor  # [hidden]
    gate_up: Tensor  # [2 intermediate, hidden]
    down: Tensor  # [hidden, intermediate]


class KVCache:
    """Room for the keys and values of `slots` sequences of up to `context` tokens.

    Nothing is ever cleared: what lies beyond a sequence's length is masked.
    """

    def __init__(self, model: "LeanLlama", slots: int, context: int) -> None:
        shape = (model.layers_count, slots, context, model.kv_heads, model.head_dim)
        self.keys = torch.zeros(shape, dtype=model.dtype)
        self.values = torch.zeros(shape, dtype=model.dtype)
        self.context = context


class LeanLlama:
    """Computes logits for sequences that live in the slots of a `KVCache`.

    It holds no state but weights, so that any number of caches can be used at once.
    """

    def __init__(
        self,
        config: Any,
        embedding: Tensor,
        layers: list[Layer],
        norm: Tensor,
        head: Tensor,
        frequencies: tuple[Tensor, Tensor],
    ) -> None:
        self.heads = int(config.num_attention_heads)
        self.kv_heads = int(config.num_key_value_heads)
        self.head_dim = layers[0].qkv.shape[0] // (self.heads + 2 * self.kv_heads)
        self.eps = float(config.rms_norm_eps)
        self.layers_count = len(layers)
        self.dtype = embedding.dtype
        self._embedding, self._layers = embedding, layers
        self._norm, self._head = norm, head
        self._cos, self._sin = frequencies  # [context, D] each

    @classmethod
    def of(cls, model: Any) -> Self:
        """Take over the weights of a transformers model, fused; the model's own layers
        are emptied as they are read, so that memory holds the weights once."""
        config, inner = model.config, model.model
        layers = [_take_layer(layer) for layer in inner.layers]
        frequencies = _rotations(inner.rotary_emb, config.max_position_embeddings,
                                 model.dtype)
        return cls(config, inner.embed_tokens.weight.data, layers,
                   inner.norm.weight.data, model.lm_head.weight.data, frequencies)

    @torch.inference_mode()
    def prefill(self, cache: KVCache, slot: int, ids: list[int], start: int) -> Tensor:
        """Push `ids`, the tokens from position `start` on, into `slot`.

        Returns the logits [vocabulary] after the last of them. A long prompt may come
        in several calls.
        """
        end = start + len(ids)
        positions = torch.arange(start, end)
        mask = torch.arange(end) <= positions[:, None]  # [T, end]
        row = slice(slot, slot + 1)
        hidden = self._forward(
            cache, row, torch.tensor([ids]), positions[None], end, mask
        )
        return self._logits(hidden[0, -1])

    @torch.inference_mode()
    def decode(self, cache: KVCache, ids: list[int], lengths: list[int]) -> Tensor:
        """Push one token into each of the slots 0 … B - 1.

        ids: the newest token of each sequence. lengths: how many tokens each held
        before; a slot that is free may be given any id and length 0. Returns the logits
        [B, vocabulary].
        """
        end = max(lengths) + 1
        positions = torch.tensor(lengths)[:, None]
        mask = (torch.arange(end) <= positions)[:, None, None, :]  # [B, 1, 1, end]
        hidden = self._forward(
            cache, slice(0, len(ids)), torch.tensor(ids)[:, None], positions, end, mask
        )
        return self._logits(hidden[:, -1])

    def _forward(
        self, cache: KVCache, slots: slice, ids: Tensor, positions: Tensor, end: int,
        mask: Tensor,
    ) -> Tensor:
        """The layers; ids and positions [B, T] in, hidden states [B, T, hidden] out."""
        hidden = F.embedding(ids, self._embedding)
        cos = self._cos[positions][:, :, None]  # [B, T, 1, D]
        sin = self._sin[positions][:, :, None]
        rows = torch.arange(slots.start, slots.stop)[:, None]
        for index, layer in enumerate(self._layers):
            keys, values = cache.keys[index], cache.values[index]  # [slots, ctx, K, D]
            normed = self._normed(hidden, layer.attention_norm)
            query, key, value = self._attention_inputs(layer, normed, cos, sin)
            keys[rows, positions] = key
            values[rows, positions] = value
            attended = F.scaled_dot_product_attention(
                query.transpose(1, 2), keys[slots, :end].transpose(1, 2),
                values[slots, :end].transpose(1, 2),
                attn_mask=mask, enable_gqa=self.heads != self.kv_heads,
            )  # [B, H, T, D]
            hidden = hidden + F.linear(attended.transpose(1, 2).flatten(2), layer.out)
            normed = self._normed(hidden, layer.mlp_norm)
            gate, up = F.linear(normed, layer.gate_up).chunk(2, dim=-1)
            hidden = hidden + F.linear(F.silu(gate) * up, layer.down)
        return hidden

    def _attention_inputs(
        self, layer: Layer, normed: Tensor, cos: Tensor, sin: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Query [B, T, H, D], key and value [B, T, K, D], positions turned in."""
        batch, length, _ = normed.shape
        fused = F.linear(normed, layer.qkv, layer.qkv_bias)
        fused = fused.view(batch, length, -1, self.head_dim)
        sizes = [self.heads + self.kv_heads, self.kv_heads]
        turning, value = torch.split(fused, sizes, dim=2)
        if layer.query_norm is not None and layer.key_norm is not None:
            query = self._normed(turning[:, :, : self.heads], layer.query_norm)
            key = self._normed(turning[:, :, self.heads :], layer.key_norm)
            turning = torch.cat([query, key], dim=2)
        turned = _rotated(turning, cos, sin)
        return turned[:, :, : self.heads], turned[:, :, self.heads :], value

    def _normed(self, hidden: Tensor, weight: Tensor) -> Tensor:
        return F.rms_norm(hidden, weight.shape, weight, self.eps)

    def _logits(self, hidden: Tensor) -> Tensor:
        return F.linear(self._normed(hidden, self._norm), self._head).float()


def can_run(model: Any) -> bool:
    """Whether `LeanLlama` computes the same as `model`; everything else runs through
    its own forward."""
    config = model.config
    layer_types = set(getattr(config, "layer_types", None) or ["full_attention"])
    window = config.model_type == "mistral" and config.sliding_window is not None
    rope = (getattr(config, "rope_parameters", None) or {}).get("rope_type", "default")
    plain = all(
        getattr(config, name, default) == default
        for name, default in (("hidden_act", "silu"), ("mlp_bias", False),
                              ("pretraining_tp", 1))
    )
    # Some scaled rotations change with the length of the text; a table cannot.
    fixed = rope in ("default", "linear", "llama3")
    return bool(
        config.model_type in SHAPES and layer_types == {"full_attention"}
        and not window and plain and fixed
        and model.model.layers[0].self_attn.o_proj.bias is None
    )


def _take_layer(layer: Any) -> Layer:
    attention, mlp = layer.self_attn, layer.mlp
    inputs = (attention.q_proj, attention.k_proj, attention.v_proj)
    biases = [linear.bias.data for linear in inputs if linear.bias is not None]
    taken = Layer(
        attention_norm=layer.input_layernorm.weight.data,
        qkv=torch.cat([linear.weight.data for linear in inputs]),
        qkv_bias=torch.cat(biases) if biases else None,
        query_norm=_weight(attention, "q_norm"),
        key_norm=_weight(attention, "k_norm"),
        out=attention.o_proj.weight.data,
        mlp_norm=layer.post_attention_layernorm.weight.data,
        gate_up=torch.cat([mlp.gate_proj.weight.data, mlp.up_proj.weight.data]),
        down=mlp.down_proj.weight.data,
    )
    for linear in (*inputs, mlp.gate_proj, mlp.up_proj):
        linear.weight.data = torch.empty(0)
    return taken


def _weight(module: Any, name: str) -> Tensor | None:
    norm = getattr(module, name, None)
    return None if norm is None else norm.weight.data


def _rotations(rotary: Any, context: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Cosine and sine of every position's rotation, [context, D] each; the sine of the
    first half is negative, as `_rotated` needs it."""
    angles = torch.outer(torch.arange(context).float(), rotary.inv_freq.float())
    cos, sin = angles.cos(), angles.sin()
    scale = rotary.attention_scaling
    cos, sin = torch.cat([cos, cos], -1) * scale, torch.cat([-sin, sin], -1) * scale
    return cos.to(dtype), sin.to(dtype)


def _rotated(heads: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair (x of the first half, y of the second) of `heads` [B, T, …, D] by
    its position's angle: (x cos - y sin, y cos + x sin)."""
    swapped = heads.roll(heads.shape[-1] // 2, dims=-1)
    return heads * cos + swapped * sin
