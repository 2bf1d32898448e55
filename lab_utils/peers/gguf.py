"""A Llama checkpoint as one GGUF file, the format that llama.cpp reads (version 3).

The file is a header, a list of named values (shape, tokenizer, chat template), a list
of tensors with their places, and then their numbers, each tensor at a multiple of 32
bytes. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

MAGIC, VERSION, ALIGNMENT = b"GGUF", 3, 32
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
"""The kinds of values."""
F32 = 0
"""The kind of tensors that is written: the numbers as they were trained."""
NORMAL, CONTROL, UNUSED = 1, 3, 5
"""The kinds of tokens."""

LAYER = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}
OUTER = {"model.embed_tokens": "token_embd", "model.norm": "output_norm",
         "lm_head": "output"}


def write_gguf(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, path: Path
) -> None:
    """Write `model`, a Llama, and its byte-level tokenizer to `path`, in float32.

    Raises `ValueError` for a model or tokenizer of another kind.
    """
    values = {**_shape(model), **_vocabulary(model, tokenizer)}
    tensors = list(_tensors(model))
    with path.open("wb") as file:
        file.write(MAGIC + struct.pack("<IQQ", VERSION, len(tensors), len(values)))
        for name, value in values.items():
            file.write(_string(name) + _typed(value))
        place = 0
        for name, tensor in tensors:
            # The innermost dimension comes first.
            sizes = tuple(reversed(tensor.shape))
            file.write(_string(name) + struct.pack(
                f"<I{len(sizes)}QIQ", len(sizes), *sizes, F32, place))
            place += _padded(4 * tensor.numel())
        for _, tensor in tensors:
            _align(file)
            file.write(tensor.float().contiguous().numpy().tobytes())
        _align(file)


def _shape(model: PreTrainedModel) -> dict[str, Any]:
    config = model.config
    rope = config.rope_parameters
    if config.model_type != "llama" or rope["rope_type"] != "default":
        raise ValueError(
            "expected a Llama with plain rotary positions to write as GGUF; got "
            f"{config.model_type} with {rope['rope_type']} ones."
        )
    return {
        "general.architecture": "llama",
        "llama.context_length": config.max_position_embeddings,
        "llama.embedding_length": config.hidden_size,
        "llama.feed_forward_length": config.intermediate_size,
        "llama.block_count": config.num_hidden_layers,
        "llama.attention.head_count": config.num_attention_heads,
        "llama.attention.head_count_kv": config.num_key_value_heads,
        "llama.attention.key_length": config.head_dim,
        "llama.attention.value_length": config.head_dim,
        "llama.attention.layer_norm_rms_epsilon": float(config.rms_norm_eps),
        "llama.rope.dimension_count": config.head_dim,
        "llama.rope.freq_base": float(rope["rope_theta"]),
        "llama.vocab_size": config.vocab_size,
    }


def _vocabulary(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> dict[str, Any]:
    """The tokenizer; ids of the model that are no tokens get a name and are unused."""
    bpe = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    if bpe["type"] != "BPE" or bpe["byte_fallback"]:
        raise ValueError(
            f"expected a byte-level BPE tokenizer to write as GGUF; got {bpe['type']}."
        )
    names = {id: name for name, id in tokenizer.get_vocab().items()}
    special = {id for id, token in tokenizer.added_tokens_decoder.items()
               if token.special}
    ids = range(model.config.vocab_size)
    values = {
        "tokenizer.ggml.model": "gpt2",
        # How text is cut before tokens are merged: llama.cpp knows the ways by name.
        # GPT-2's differs from one that isolates digits only where digits were merged.
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": [names.get(id, f"[unused {id}]") for id in ids],
        "tokenizer.ggml.token_type": [
            CONTROL if id in special else NORMAL if id in names else UNUSED
            for id in ids
        ],
        "tokenizer.ggml.merges": [" ".join(pair) for pair in bpe["merges"]],
        "tokenizer.ggml.add_bos_token": False,
    }
    if tokenizer.eos_token_id is not None:
        values["tokenizer.ggml.eos_token_id"] = tokenizer.eos_token_id
    if tokenizer.chat_template:
        values["tokenizer.chat_template"] = tokenizer.chat_template
    return values


def _tensors(model: PreTrainedModel) -> Iterator[tuple[str, Tensor]]:
    config, weights = model.config, model.state_dict()
    if config.tie_word_embeddings:
        weights.pop("lm_head.weight", None)
    heads = {"self_attn.q_proj": config.num_attention_heads,
             "self_attn.k_proj": config.num_key_value_heads}
    for full_name, tensor in weights.items():
        name, _, kind = full_name.rpartition(".")
        if name in OUTER:
            yield f"{OUTER[name]}.{kind}", tensor
            continue
        _, _, number, part = name.split(".", 3)
        if part in heads:
            tensor = _interleaved(tensor, heads[part])
        yield f"blk.{number}.{LAYER[part]}.{kind}", tensor


def _interleaved(weights: Tensor, heads: int) -> Tensor:
    """Rows in llama.cpp's order: it rotates neighbours (0 with 1), transformers halves
    (0 with `head_dim` / 2)."""
    halves = weights.reshape(heads, 2, -1, weights.shape[-1])
    return halves.transpose(1, 2).reshape(weights.shape)


def _typed(value: Any) -> bytes:
    if isinstance(value, list):
        kind = STRING if isinstance(value[0], str) else INT32
        items = b"".join(_plain(item)[1] for item in value)
        return struct.pack("<IIQ", ARRAY, kind, len(value)) + items
    kind, data = _plain(value)
    return struct.pack("<I", kind) + data


def _plain(value: str | bool | int | float) -> tuple[int, bytes]:
    if isinstance(value, str):
        return STRING, _string(value)
    if isinstance(value, bool):
        return BOOL, struct.pack("<?", value)
    if isinstance(value, int):
        return UINT32, struct.pack("<I", value)
    return FLOAT32, struct.pack("<f", value)


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _align(file: BinaryIO) -> None:
    file.write(bytes(_padded(file.tell()) - file.tell()))
