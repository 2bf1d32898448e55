"""How much memory keys and values may take, and how many tokens that is."""

from pathlib import Path
from typing import Any

import psutil
import torch

SHARE = 4
"""A quarter of the memory: the weights, the notebook and its browser need the rest."""

CGROUP = Path("/sys/fs/cgroup/memory.max")
"""What a container (Binder, a Hub) may use; "max" where nothing limits it."""


def machine_bytes() -> int:
    """The memory of this machine, or of the container that this process runs in."""
    total = int(psutil.virtual_memory().total)
    try:
        limit = CGROUP.read_text().strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdecimal() else total


def bytes_per_token(config: Any, dtype: torch.dtype) -> int:
    """What one token's keys and values take in all layers of a model of Llama's shape;
    config: transformers' own."""
    heads = config.num_key_value_heads
    size = getattr(config, "head_dim", None) or (
        config.hidden_size // config.num_attention_heads
    )
    return int(config.num_hidden_layers * 2 * heads * size * dtype.itemsize)


def context_that_fits(config: Any, dtype: torch.dtype, slots: int) -> int:
    """How many tokens each of `slots` sequences may have, so that the keys and values
    of all take no more than a `SHARE`th of the memory."""
    return machine_bytes() // SHARE // (slots * bytes_per_token(config, dtype))
