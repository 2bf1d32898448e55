"""A name in, a model and its tokenizer out: the tutor, a folder, a hub id, or a shape
with random weights."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import torch
from huggingface_hub import model_info
from huggingface_hub.errors import HfHubHTTPError
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

TUTOR = Path(__file__).parent / "tutor"
"""The folder of the embedded model, trained by `lab_utils.training`."""

HUB_S = 5.0
RANDOM_SEED = 0

FLOAT32_BELOW = 100_000_000
"""Models with fewer parameters stay in float32 with `dtype="auto"`."""

SHAPES: dict[str, LlamaConfig] = {
    "micro": LlamaConfig(
        hidden_size=256, intermediate_size=688, num_hidden_layers=6,
        num_attention_heads=8, num_key_value_heads=4, head_dim=32,
        vocab_size=4096, max_position_embeddings=2048, tie_word_embeddings=True,
    ),
    # The shapes of SmolLM-135M and TinyLlama-1.1B, from their published configurations.
    "135m": LlamaConfig(
        hidden_size=576, intermediate_size=1536, num_hidden_layers=30,
        num_attention_heads=9, num_key_value_heads=3, head_dim=64,
        vocab_size=49152, max_position_embeddings=2048, tie_word_embeddings=True,
    ),
    "tinyllama-1.1b": LlamaConfig(
        hidden_size=2048, intermediate_size=5632, num_hidden_layers=22,
        num_attention_heads=32, num_key_value_heads=4, head_dim=64,
        vocab_size=32000, max_position_embeddings=2048, tie_word_embeddings=False,
    ),
}
"""Shapes for `random:SHAPE`: real sizes with random weights, for honest timing without
a download. They speak nonsense."""

Dtype = Literal["auto", "float32", "bfloat16"]


def load_model(
    name: str, dtype: Dtype
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model `name` and its tokenizer, as `load_engine` describes them.

    Raises `FileNotFoundError` with what to do when there is no such model, and
    `ValueError` for an unknown shape or dtype.
    """
    if dtype not in ("auto", "float32", "bfloat16"):
        raise ValueError(f"dtype must be auto, float32 or bfloat16; got {dtype!r}.")
    return _random(name, dtype) if name.startswith("random:") else _stored(name, dtype)


def _stored(name: str, dtype: Dtype) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a checkpoint from a folder, or from the hub by its id."""
    folder = _folder(name)
    where = str(folder or name)
    local = folder is not None or _is_offline(name)
    try:
        with _without_progress_bar():
            tokenizer = AutoTokenizer.from_pretrained(
                where, local_files_only=local, trust_remote_code=False
            )
            model = AutoModelForCausalLM.from_pretrained(
                where, dtype="auto", use_safetensors=True, local_files_only=local,
                trust_remote_code=False,
            )
    except Exception as error:  # a broken file raises whatever its reader raises
        advice = "" if folder else (
            " Without network, use 'tutor', 'random:SHAPE' or a folder."
        )
        raise FileNotFoundError(
            f"expected a model named {name!r}, could not load it: "
            f"{_first_line(error)}{advice}"
        ) from error
    return model.to(_dtype(dtype, model.num_parameters())), tokenizer


def _folder(name: str) -> Path | None:
    """The folder that `name` means; None if it can only be a hub id."""
    source = TUTOR if name == "tutor" else Path(name).expanduser()
    if source.is_dir():
        if (source / "config.json").is_file():
            return source
        raise FileNotFoundError(
            f"expected a transformers checkpoint in {source}, found no config.json: "
            "give the folder that save_pretrained wrote."
        )
    if _looks_like_hub_id(name):
        return None
    raise FileNotFoundError(
        f"expected 'tutor', 'random:SHAPE', a folder or a hub id; {name!r} is no "
        "folder here and no hub id. Check the spelling of the path."
    )


def _is_offline(hub_id: str) -> bool:
    """Whether only the copies of earlier downloads can be had.

    Asked once here because the loaders would ask for each file, again and again, for a
    minute.
    """
    try:
        model_info(hub_id, timeout=HUB_S)
    except HfHubHTTPError:
        return False  # the hub has answered
    except Exception:  # without network: of another class in each of its versions
        return True
    return False


@contextmanager
def _without_progress_bar() -> Iterator[None]:
    """The bar counts tensors, in milliseconds: in a lesson it is only a red box."""
    was_on = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_on:
            logging.enable_progress_bar()


def _random(name: str, dtype: Dtype) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Build a shape of `SHAPES` with seeded weights and the tutor's tokenizer."""
    shape = name.removeprefix("random:")
    if shape not in SHAPES:
        raise ValueError(f"expected random: one of {', '.join(SHAPES)}; got {shape!r}.")
    with torch.device("meta"):
        size = LlamaForCausalLM(SHAPES[shape]).num_parameters()
    before, wanted = torch.get_default_dtype(), _dtype(dtype, size)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(RANDOM_SEED)
        torch.set_default_dtype(wanted)
        try:
            model = LlamaForCausalLM(SHAPES[shape])
        finally:
            torch.set_default_dtype(before)
    tokenizer = AutoTokenizer.from_pretrained(TUTOR, local_files_only=True)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    return model, tokenizer


def _dtype(wanted: Dtype, parameters: int) -> torch.dtype:
    if wanted == "auto":
        large = parameters >= FLOAT32_BELOW
        return torch.bfloat16 if large and _has_bfloat16() else torch.float32
    return torch.bfloat16 if wanted == "bfloat16" else torch.float32


def _has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself; elsewhere it is slower."""
    if platform.system() != "Linux":
        return False
    flags = Path("/proc/cpuinfo").read_text(errors="replace")
    return "avx512_bf16" in flags or "amx_bf16" in flags or " bf16" in flags


def _looks_like_hub_id(name: str) -> bool:
    """`owner/name` or a bare name, without anything that only a path has."""
    parts = name.split("/")
    return len(parts) <= 2 and all(
        part and part[0] not in ".~" and "\\" not in part for part in parts
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or repr(error)).splitlines()[0]
