"""From values to places on a sheet."""

from collections.abc import Sequence
from math import ceil, floor, log10


class Axis:
    """Maps a value to a place: `span` (lowest, highest) onto the pixels `left` to
    `right`. log: a logarithmic axis; its lowest value must be above 0."""

    def __init__(
        self, span: tuple[float, float], left: float, right: float, *, log: bool = False
    ) -> None:
        self.low, self.high = span
        self.left, self.right = left, right
        self.log = log

    def at(self, value: float) -> float:
        """The pixel of `value`; what lies outside is put on the edge."""
        value = min(max(value, self.low), self.high)
        low, high = self.low, self.high
        if self.log:
            value, low, high = log10(value), log10(low), log10(high)
        share = (value - low) / ((high - low) or 1)
        return self.left + share * (self.right - self.left)

    def ticks(self, about: int = 6) -> list[float]:
        """About that many round values; on a logarithmic axis its powers of ten."""
        if self.log:
            low, high = round(log10(self.low)), round(log10(self.high))
            return [10.0**power for power in range(low, high + 1)]
        rough = (self.high - self.low) / max(about, 1) or 1.0
        power = 10.0 ** floor(log10(rough))
        step = next(power * each for each in (1, 2, 5, 10) if rough <= power * each)
        first = -floor(-self.low / step + 1e-9)
        count = floor(self.high / step + 1e-9) - first + 1
        return [round((first + at) * step, 9) for at in range(count)]


ROUND = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)


def round_up(value: float) -> float:
    """The next of 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, … not below `value`."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    steps = (power * each for each in ROUND)
    return round(next(step for step in steps if value <= step * 1.0001), 12)


def reach_of(
    values: Sequence[float], hints: Sequence[float] = (), *, log: bool = False
) -> tuple[float, float]:
    """A span that holds `values` and the `hints` that are not far off: from 0, or on a
    logarithmic axis from a power of ten to another."""
    if log:
        both = [each for each in (*values, *hints) if each > 0]
        return 10.0 ** floor(log10(min(both))), 10.0 ** ceil(log10(1.01 * max(both)))
    most = max(values)
    return 0.0, 1.04 * max(most, *(min(each, 3 * most) for each in hints), 0.0)
