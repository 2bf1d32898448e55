"""A name in, an engine out: the model is loaded, given the forward that is quickest
for its shape, and wrapped."""

import logging
import os
from pathlib import Path

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lab_utils.engine.model_engine import ModelEngine
from lab_utils.model.llama import LeanLlama, can_run
from lab_utils.model.loading import Dtype, load_model
from lab_utils.model.memory import context_that_fits
from lab_utils.model.network import LeanNetwork, Network, TransformersNetwork

logger = logging.getLogger("lab_utils.engine")

SLOTS = 8
"""How many requests run at the same time by default."""

UNKNOWN_CONTEXT = 2048
"""Context of a model that states none (BLOOM, for one, has no fixed limit)."""

ONE_THREAD_BELOW = 200_000_000
"""Models with fewer parameters run faster on one thread: their matrices are so small
that two threads wait for each other, and for the web server, longer than they work."""


def load_engine(
    model: str | Path = "tutor",
    *,
    pace_ms: float = 0,
    dtype: Dtype = "auto",
    context: int | None = None,
    lean: bool = True,
    use_cache: bool = True,
) -> ModelEngine:
    """Load a model for the CPU and return the engine that streams from it.

    model: `"tutor"` (embedded, offline), a folder with a transformers checkpoint, a hub
        id such as `"HuggingFaceTB/SmolLM2-135M"`, or `"random:SHAPE"` (see `SHAPES`).
    pace_ms: make each step last at least this long, so that it can be watched.
    dtype: of the weights; `"auto"` is float32 below 100 M parameters and bfloat16 above
        where the processor computes with it. bfloat16 keeps three digits: a prompt may
        be answered otherwise in a batch than alone, since sums of other sizes are
        rounded otherwise and two tokens are often that close.
    context: how many tokens a prompt and its answer may have together; None takes what
        the model was made for, or less where the keys and values of eight such requests
        would not fit into a quarter of the memory, and says so.
    lean: False takes transformers' own forward also where ours would do, which is much
        faster: to compare the two.
    use_cache: False recomputes the whole text at every step (notebook 02 measures it).

    Only safetensors files are read, and no code that comes with a model is run. Sets
    torch's number of threads for the model's size. Raises `FileNotFoundError` with what
    to do when there is no such model, and `ValueError` for an unknown shape or dtype,
    or a context that the model cannot have.
    """
    name = str(model)
    loaded, tokenizer = load_model(name, dtype)
    small = loaded.num_parameters() < ONE_THREAD_BELOW
    torch.set_num_threads(1 if small else os.cpu_count() or 1)
    return wrap(
        loaded,
        tokenizer,
        name=_short_name(name),
        pace_ms=pace_ms,
        context=context,
        lean=lean,
        use_cache=use_cache,
        suppress_eos=name.startswith("random:"),
    )


def _short_name(name: str) -> str:
    known = name == "tutor" or name.startswith("random:")
    return name if known else Path(name).resolve().name


def wrap(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    *,
    name: str,
    pace_ms: float = 0,
    context: int | None = None,
    lean: bool = True,
    use_cache: bool = True,
    suppress_eos: bool = False,
) -> ModelEngine:
    """Make an engine of a model that is loaded already.

    The lean forward takes the weights over: `model` itself cannot be run afterwards.
    suppress_eos: never choose an end-of-sequence token, so that every answer has
    exactly `max_tokens` tokens; random weights would end at random.
    """
    eos_ids = _end_ids(model, tokenizer)
    parameters, dtype = model.num_parameters(), str(model.dtype)
    served = _context(model, name, context)
    engine = ModelEngine(
        _network(model.eval(), lean, use_cache),
        tokenizer,
        name=name,
        context=served,
        vocabulary=model.config.get_text_config().vocab_size,
        eos_ids=eos_ids,
        never=eos_ids if suppress_eos else (),
        pace_ms=pace_ms,
        parameters=parameters,
        dtype=dtype.removeprefix("torch."),
    )
    _warn_of_unknown_tokens(name, engine)
    return engine


def _network(model: PreTrainedModel, lean: bool, use_cache: bool) -> Network:
    if lean and use_cache and can_run(model):
        return LeanNetwork(LeanLlama.of(model))
    return TransformersNetwork(model, use_cache=use_cache)


def _context(model: PreTrainedModel, name: str, wanted: int | None) -> int:
    """How many tokens a prompt and its answer may have together."""
    config = model.config.get_text_config()
    most = int(getattr(config, "max_position_embeddings", None) or UNKNOWN_CONTEXT)
    if wanted is not None:
        if not 1 <= wanted <= most:
            raise ValueError(f"context must be from 1 to {most} tokens; got {wanted}.")
        return wanted
    if not can_run(model):
        return most  # transformers' own caches grow as they need
    fits = context_that_fits(config, model.dtype, SLOTS)
    if fits < most:
        logger.warning(
            "%s is served with a context of %d tokens instead of %d, so that %d "
            "requests fit into a quarter of this machine's memory; the option context "
            "decides otherwise.", name, fits, most, SLOTS,
        )
    return min(fits, most)


def _warn_of_unknown_tokens(name: str, engine: ModelEngine) -> None:
    ids = engine.tokenizer.get_vocab().values()
    unknown = sum(id >= engine.vocabulary for id in ids)
    if unknown:
        logger.warning(
            "%d tokens of %s's tokenizer have no row in the model; prompts with them "
            "are refused.", unknown, name,
        )


def _end_ids(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> frozenset[int]:
    """The token ids that end an answer, from the model's generation settings, else
    from its tokenizer."""
    settings = getattr(model, "generation_config", None)
    ids = getattr(settings, "eos_token_id", None)
    ids = tokenizer.eos_token_id if ids is None else ids
    return frozenset([] if ids is None else [ids] if isinstance(ids, int) else ids)
