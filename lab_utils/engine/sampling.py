"""Logits in, one token id out."""

import math

import torch

from lab_utils.tokens import ModelError, SamplingParams


def make_generator(seed: int | None) -> torch.Generator:
    """A random source of its own for one request, so that streams never disturb
    each other; seeded from the system when `seed` is None."""
    generator = torch.Generator()
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(seed)
    return generator


def sample(
    logits: torch.Tensor, params: SamplingParams, generator: torch.Generator
) -> int:
    """Choose the next token id from `logits`, a float tensor of shape [vocabulary].

    Temperature first, then top-p, in the order of transformers' warpers. Raises
    `ModelError` if there is a NaN among them, or infinity.
    """
    highest, likeliest = logits.max(dim=-1)
    if not math.isfinite(highest):
        raise ModelError(
            "expected a number for every token that could come next, the model "
            f"computed {float(highest)}: its weights are broken, or bfloat16 has "
            "overflowed (float32 may help)"
        )
    if params.greedy:
        return int(likeliest)
    logits = logits.float() / params.temperature
    if params.top_p < 1:
        logits = keep_top_p(logits, params.top_p)
    probabilities = torch.softmax(logits, dim=-1)
    return int(torch.multinomial(probabilities, 1, generator=generator))


def keep_top_p(logits: torch.Tensor, top_p: float) -> torch.Tensor:
    """Set to -inf all logits outside the smallest set that holds `top_p` probability.

    `logits` has shape [vocabulary]; at least the most likely token is kept.
    """
    ascending, order = torch.sort(logits)
    outside = torch.softmax(ascending, dim=-1).cumsum(dim=-1) <= 1 - top_p
    outside[-1] = False
    return logits.masked_fill(outside.scatter(0, order, outside), -torch.inf)
