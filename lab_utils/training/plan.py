"""Everything a training run depends on, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Everything a run depends on; the same plan gives the same text and start."""

    seed: int = 1
    steps: int = 8550
    short_tokens: int = 3072
    long_tokens: int = 3072
    rate: float = 4e-3
    warmup: int = 100
    decay: float = 0.3
    weight_decay: float = 0.01
    report_every: int = 250

    def rate_at(self, step: int) -> float:
        """The share of the full learning rate at a step: up, flat, linearly to zero."""
        left = (self.steps - step) / (self.steps * self.decay)
        return max(0.0, min(1.0, (step + 1) / self.warmup, left))
