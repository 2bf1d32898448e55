"""The cache of a transformers model: handed back by the name its own forward uses.

The forward gives the cache with the logits of one step and takes it at the next, but
the models and the versions of transformers call it differently. An argument that a
forward does not know may vanish without a word, and the answer would be wrong: so the
names are read from the model, and a cache that cannot be handed back is not used.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import torch

NAMES = ("cache", "past_key_values", "cache_params", "state")
"""The newest name first: `cache` in nearly every model since transformers 5.24. Before,
`past_key_values`, and `cache_params` in the models of Mamba's kind; RWKV: `state`."""


class CacheNames:
    """How the forward of `model` takes a cache, and in which field it gives one."""

    def __init__(self, model: Any) -> None:
        accepted = inspect.signature(model.forward).parameters
        self._taken = next((name for name in NAMES if name in accepted), None)
        self._position: dict[str, Any] = {}
        if self._taken == "cache_params" and "cache_position" in accepted:
            # Mamba's kind in the first releases of transformers 5 knows a decode step
            # by a position behind its convolution's window, whatever was read before.
            behind = torch.tensor([model.config.conv_kernel])
            self._position = {"cache_position": behind}

    def arguments(self, cache: Any) -> dict[str, Any]:
        """What the forward takes beside the ids that follow those in `cache`, which
        came from `given`; nothing if it is None."""
        return {} if cache is None else {str(self._taken): cache, **self._position}

    def given(self, output: Mapping[str, Any]) -> Any:
        """The cache in the forward's `output`; None if there is none, or none that the
        forward would take back: then all ids must be pushed again."""
        fields = set(output)  # `in output` itself would warn of the older names
        name = next((name for name in NAMES if name in fields), None)
        return output[name] if name and self._taken else None
