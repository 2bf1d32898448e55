"""Tiny models with random weights, of several architectures, and a byte tokenizer."""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    FalconConfig,
    Gemma2Config,
    GPT2Config,
    GPTNeoXConfig,
    Lfm2Config,
    LlamaConfig,
    Mamba2Config,
    MambaConfig,
    MistralConfig,
    OPTConfig,
    PhiConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen3Config,
    RecurrentGemmaConfig,
)

torch.set_num_threads(1)  # two would fight with whatever else runs here

END = 256
SIZE = 257

COMMON: dict[str, Any] = dict(
    vocab_size=SIZE, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
    intermediate_size=64, max_position_embeddings=128,
)
CONFIGS: dict[str, PretrainedConfig] = {
    "llama": LlamaConfig(**COMMON, num_key_value_heads=2),
    "qwen3": Qwen3Config(**COMMON, num_key_value_heads=2, head_dim=8),
    "gpt2": GPT2Config(
        vocab_size=SIZE, n_embd=32, n_layer=2, n_head=4, n_positions=128
    ),
    "opt": OPTConfig(
        vocab_size=SIZE, hidden_size=32, num_hidden_layers=2, ffn_dim=64,
        num_attention_heads=4, max_position_embeddings=128, word_embed_proj_dim=32,
    ),
    "bloom": BloomConfig(vocab_size=SIZE, hidden_size=32, n_layer=2, n_head=4),
    "gpt-neox": GPTNeoXConfig(**COMMON),
    "mistral, window 8": MistralConfig(
        **COMMON, num_key_value_heads=2, sliding_window=8
    ),
    "gemma2, window 8": Gemma2Config(
        **COMMON, num_key_value_heads=2, head_dim=8, sliding_window=8
    ),
    "phi": PhiConfig(**COMMON),
    "mamba": MambaConfig(
        vocab_size=SIZE, hidden_size=32, num_hidden_layers=2, state_size=4
    ),
    "mamba2": Mamba2Config(
        vocab_size=SIZE, hidden_size=32, num_hidden_layers=2, state_size=8, num_heads=8,
        head_dim=8, n_groups=1, chunk_size=8,
    ),
    "lfm2, hybrid": Lfm2Config(
        **COMMON, num_key_value_heads=2, block_multiple_of=16,
        layer_types=["conv", "full_attention"],
    ),
    "recurrent-gemma": RecurrentGemmaConfig(
        vocab_size=SIZE, hidden_size=32, num_hidden_layers=3, intermediate_size=96,
        num_attention_heads=4, lru_width=32, attention_window_size=8,
    ),
    "falcon": FalconConfig(
        vocab_size=SIZE, hidden_size=32, num_hidden_layers=2, num_attention_heads=4
    ),
}


LOUD = ("mamba", "mamba2", "recurrent-gemma")
"""Kinds that repeat themselves with small weights."""


def tiny_model(kind: str = "llama", **changes: Any) -> PreTrainedModel:
    """A model of `kind` with seeded weights, large enough to make its tokens vary."""
    config = CONFIGS[kind].__class__.from_dict(CONFIGS[kind].to_dict() | changes)
    for name in ("eos_token_id", "bos_token_id", "pad_token_id"):
        setattr(config, name, None)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model: PreTrainedModel = AutoModelForCausalLM.from_config(config).eval()
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, 0, 0.2 if kind not in LOUD else 0.4)
    model.generation_config.eos_token_id = None
    return model


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """One token per byte (ids 0 to 255) and one for the end (256)."""
    alphabet = [character for _, character in sorted(_byte_characters().items())]
    vocabulary = {character: index for index, character in enumerate(alphabet)}
    core = Tokenizer(models.BPE(vocabulary, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens(["<end>"])
    return PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="<end>", clean_up_tokenization_spaces=False
    )


def _byte_characters() -> dict[int, str]:
    """GPT-2's printable stand-in for each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {byte: chr(byte) for byte in printable}
    others = (byte for byte in range(256) if byte not in table)
    return table | {byte: chr(256 + at) for at, byte in enumerate(others)}


def save_checkpoint(folder: Path, kind: str = "llama", **options: Any) -> Path:
    """Write a tiny model and its tokenizer as `save_pretrained` does."""
    tiny_model(kind).save_pretrained(folder, **options)
    byte_tokenizer().save_pretrained(folder)
    return folder
