"""The model that is trained: its shape, its batches and its loss per token."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import (
    AttentionInterface,
    AttentionMaskInterface,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from lab_utils.training.corpus import KINDS, Row
from lab_utils.training.tokenizer import CONTEXT

IGNORED = -100
"""The label of a position that is not learned."""


class Batch(NamedTuple):
    """Rows side by side: `ids`, `labels` `[rows, length]` and `kinds` `[rows]`."""

    ids: Tensor
    labels: Tensor
    kinds: Tensor


def make_config(tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    """The shape of the model: small enough for git, deep enough for its stories."""
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=5,
        num_attention_heads=6,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        attn_implementation="plain",
    )


def make_model(config: LlamaConfig) -> LlamaForCausalLM:
    """A fresh model whose residual branches start small, as deep stacks like it."""
    model = LlamaForCausalLM(config)
    for name, weight in model.named_parameters():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            weight.data /= math.sqrt(2 * config.num_hidden_layers)
    return model


def to_batch(rows: list[Row], pad: int) -> Batch:
    """Rows padded at the right to one length; what is not learned gets no label."""
    length = max(len(row.ids) for row in rows)
    ids = torch.full((len(rows), length), pad)
    labels = torch.full((len(rows), length), IGNORED)
    for place, row in enumerate(rows):
        ids[place, : len(row.ids)] = torch.tensor(row.ids)
        wanted = [
            i if learn else IGNORED
            for i, learn in zip(row.ids, row.learned, strict=True)
        ]
        labels[place, : len(row.ids)] = torch.tensor(wanted)
    return Batch(ids, labels, torch.tensor([KINDS.index(row.kind) for row in rows]))


def plain_attention(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any
) -> tuple[Tensor, None]:
    """Causal attention written out; all three are `[rows, heads, length, head_dim]`.

    For short rows on a CPU its backward pass is several times as fast as that of
    `F.scaled_dot_product_attention`.
    """
    groups = query.shape[1] // key.shape[1]
    key = key.repeat_interleave(groups, dim=1)
    value = value.repeat_interleave(groups, dim=1)
    length = query.shape[2]
    later = torch.full((length, length), -math.inf, dtype=query.dtype).triu(1)
    scores = query * query.shape[-1] ** -0.5 @ key.transpose(-1, -2) + later
    mixed = torch.softmax(scores, dim=-1).to(value.dtype) @ value
    return mixed.transpose(1, 2), None


def no_mask(*_: Any, **__: Any) -> None:
    """The mask of `plain_attention`: it brings its own."""


AttentionInterface.register("plain", plain_attention)
AttentionMaskInterface.register("plain", no_mask)


def _project_and_compare(hidden: Tensor, head: Tensor, wanted: Tensor) -> Tensor:
    """Cross-entropy `[tokens]` of hidden states `[tokens, width]` with wanted ids."""
    return F.cross_entropy((hidden @ head.T).float(), wanted, reduction="none")


class Losses:
    """A model's loss per token, compiled where a C++ compiler is at hand."""

    def __init__(self, model: LlamaForCausalLM, compiled: bool) -> None:
        """Take the model's layers and its head, which stay shared with it."""
        self.head = model.lm_head.weight
        self.body: Callable[..., Any] = model.model
        self.compare: Callable[..., Tensor] = _project_and_compare
        if compiled:
            self.body = torch.compile(model.model, dynamic=True)
            self.compare = torch.compile(_project_and_compare, dynamic=True)

    def __call__(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The loss of every learned token and the kind of its row, both `[tokens]`.

        Rows are padded at the right, so the causal mask alone keeps them apart;
        logits are computed only where something is learned.
        """
        wanted = batch.labels[:, 1:]
        learned = wanted != IGNORED
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = self.body(batch.ids, use_cache=False).last_hidden_state[:, :-1]
            losses = self.compare(hidden[learned], self.head, wanted[learned])
        return losses, batch.kinds[:, None].expand_as(wanted)[learned]


@torch.no_grad()
def exact_share(model: LlamaForCausalLM, rows: list[Row]) -> float:
    """Share of rows whose every learned token is the model's first choice."""
    batch = to_batch(rows, model.config.pad_token_id)
    best = model(batch.ids, use_cache=False).logits[:, :-1].argmax(-1)
    wanted = batch.labels[:, 1:]
    right = (best == wanted) | (wanted == IGNORED)
    return float(right.all(dim=1).float().mean())
