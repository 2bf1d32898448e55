"""The lean forward: a Llama in plain torch, several sequences ("slots") in one step.

Transformers' own forward walks through a tree of modules that can do anything; this one
does one thing. What makes it fast on a CPU: the three attention inputs are one matrix
product and the two of the gate another (each weight is read once per step, and reading
weights is what a step costs), the keys and values live in one preallocated block, and
eight sequences cost little more than one, because the weights are read once for all.

It runs the checkpoints of Llama's shape: RMSNorm, rotary positions, grouped-query
attention, a SiLU gate. Qwen2 adds biases to the attention inputs, Qwen3 a norm on each
query and key. Shapes in comments: N tokens of a pass, or T of each of B sequences, H
query heads, K key/value heads, D head size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from lab_utils.model.kv_cache import KVCache
from lab_utils.model.layer import Layer, rotations, take
from lab_utils.model.packed import Matrix

SHAPES = ("llama", "qwen2", "qwen3", "mistral")
"""`model_type` of the checkpoints that this forward can run."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A prompt or a part of one: `ids` go into `slot`, from position `start` on."""

    slot: int
    ids: list[int]
    start: int


@dataclass(frozen=True, slots=True)
class _Group:
    """Tokens of a pass that attend together: T new ones of each of B sequences.

    slots, positions: [B, T], where each is stored. keys, values: of each layer, [B, K,
    end, D], the new ones included once they are stored. mask: see `LeanLlama._mask`.
    """

    slots: Tensor
    positions: Tensor
    keys: Sequence[Tensor]
    values: Sequence[Tensor]
    mask: Tensor | None


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
        head: Matrix,
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
        """Take over the weights of a transformers model, fused and packed; the model's
        own layers are emptied as they are read, so that memory holds the weights once
        (a head that is tied to the embedding: twice, since one of them is packed)."""
        config, inner = model.config, model.model
        layers = [Layer.of(layer) for layer in inner.layers]
        frequencies = rotations(inner.rotary_emb, config.max_position_embeddings,
                                model.dtype)
        return cls(config, inner.embed_tokens.weight.data, layers,
                   inner.norm.weight.data, take(model.lm_head), frequencies)

    @torch.inference_mode()
    def prefill(self, cache: KVCache, pieces: Sequence[Piece]) -> Tensor:
        """Push prompts, or pieces of long ones, into their slots, all in one pass.

        Returns the logits [len(pieces), vocabulary] after the last token of each.
        """
        groups = [
            self._group(cache, slice(piece.slot, piece.slot + 1), [piece.start],
                        len(piece.ids))
            for piece in pieces
        ]
        ids = [token_id for piece in pieces for token_id in piece.ids]
        hidden = self._forward(cache, ids, groups)
        ends = torch.tensor([len(piece.ids) for piece in pieces]).cumsum(0)
        return self._logits(hidden[ends - 1])

    @torch.inference_mode()
    def decode(self, cache: KVCache, ids: list[int], lengths: list[int]) -> Tensor:
        """Push one token into each of the slots 0 … B - 1.

        ids: the newest token of each sequence. lengths: how many tokens each held
        before; a slot that is free may be given any id and length 0. Returns the logits
        [B, vocabulary].
        """
        group = self._group(cache, slice(len(ids)), lengths, 1)
        return self._logits(self._forward(cache, ids, [group]))

    def _group(
        self, cache: KVCache, slots: slice, starts: list[int], length: int
    ) -> _Group:
        """The next `length` tokens of each of `slots`, from position `starts[b]` on."""
        end = max(starts) + length
        positions = torch.tensor(starts)[:, None] + torch.arange(length)
        # One token each after texts of one length: each sees all that is there.
        mask = None if min(starts) == end - 1 else self._mask(positions, end)
        keys, values = cache.block[:, slots, :end].permute(3, 0, 1, 4, 2, 5)
        numbers = torch.arange(cache.block.shape[1])[slots, None].expand_as(positions)
        return _Group(numbers, positions, keys.unbind(), values.unbind(), mask)

    def _forward(
        self, cache: KVCache, ids: list[int], groups: Sequence[_Group]
    ) -> Tensor:
        """Push `ids` [N], the tokens of all groups, one group behind the other.

        Returns the hidden states [N, hidden] after the last layer.
        """
        positions = torch.cat([group.positions.flatten() for group in groups])  # [N]
        slots = torch.cat([group.slots.flatten() for group in groups])  # [N]
        cos, sin = self._turns(positions)
        hidden = F.embedding(torch.tensor(ids), self._embedding)
        for number, layer in enumerate(self._layers):
            heads = self._turned_heads(layer, hidden, cos, sin)
            new = heads[:, self.heads :].view(-1, *cache.block.shape[3:])
            cache.block[number].index_put_((slots, positions), new)
            attended = self._attended_by(groups, number, heads[:, : self.heads])
            hidden += layer.out(attended)
            normed = self._normed(hidden, layer.mlp_norm)
            gate, up = layer.gate_up(normed).chunk(2, dim=-1)
            hidden += layer.down(F.silu(gate).mul_(up))
        return hidden

    def _turned_heads(
        self, layer: Layer, hidden: Tensor, cos: Tensor, sin: Tensor
    ) -> Tensor:
        """Queries, keys and values [N, H + 2 K, D], positions turned in."""
        normed = self._normed(hidden, layer.attention_norm)
        heads = layer.qkv(normed).view(cos.shape)
        if layer.query_norm is not None and layer.key_norm is not None:
            sizes = [self.heads, self.kv_heads, self.kv_heads]
            query, key, value = torch.split(heads, sizes, dim=1)
            query = self._normed(query, layer.query_norm)
            heads = torch.cat([query, self._normed(key, layer.key_norm), value], dim=1)
        swapped = heads.roll(self.head_dim // 2, dims=-1)
        return torch.addcmul(heads * cos, swapped, sin)

    def _attended_by(
        self, groups: Sequence[_Group], layer: int, queries: Tensor
    ) -> Tensor:
        """What the queries [N, H, D] read, each group on its own; [N, H D]."""
        sizes = [group.positions.numel() for group in groups]
        read = [
            self._attended(query.view(*group.positions.shape, *query.shape[1:]),
                           group.keys[layer], group.values[layer], group.mask)
            for group, query in zip(groups, torch.split(queries, sizes), strict=True)
        ]
        return torch.cat(read) if len(read) > 1 else read[0]

    def _attended(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> Tensor:
        """What the queries [B, T, H, D] read from keys and values [B, K, end, D]; the
        result [B T, H D]."""
        batch, length, heads, size = query.shape
        if length == 1:
            # The heads that share a key become rows of one matrix product.
            query = query.view(batch, self.kv_heads, -1, size)
            read = F.scaled_dot_product_attention(query, key, value, mask)
            return read.reshape(batch, -1)
        read = F.scaled_dot_product_attention(
            query.transpose(1, 2), key, value, mask,
            enable_gqa=heads != self.kv_heads,
        )  # [B, H, T, D]
        return read.transpose(1, 2).reshape(batch * length, -1)

    def _turns(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Cosine and sine [N, H + 2 K, D] of every head's turn at `positions` [N].

        Values turn by nothing, so that all heads of a layer are turned together.
        """
        shape = (len(positions), self.heads + 2 * self.kv_heads, self.head_dim)
        cos = torch.ones(shape, dtype=self.dtype)
        sin = torch.zeros(shape, dtype=self.dtype)
        turning = self.heads + self.kv_heads
        cos[:, :turning] = self._cos[positions][:, None]
        sin[:, :turning] = self._sin[positions][:, None]
        return cos, sin

    def _mask(self, positions: Tensor, end: int) -> Tensor:
        """What to add to scores [B, 1, T, end]: no token sees those after it."""
        later = torch.arange(end) > positions[:, None, :, None]
        return torch.zeros(later.shape, dtype=self.dtype).masked_fill(later, -torch.inf)

    def _normed(self, hidden: Tensor, weight: Tensor) -> Tensor:
        return F.rms_norm(hidden, weight.shape, weight, self.eps)

    def _logits(self, hidden: Tensor) -> Tensor:
        return self._head(self._normed(hidden, self._norm)).float()


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
