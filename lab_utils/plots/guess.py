"""What the reader guessed before the cell ran."""

from dataclasses import dataclass

from lab_utils.plots.text import number

FAR = 3
"""A time guessed so many times longer than what was measured is drawn at the edge."""


@dataclass(slots=True)
class Guess:
    """An answer to `question`, in `unit`, to be drawn into the figure that follows."""

    question: str
    value: float
    unit: str = "ms"

    @property
    def seconds(self) -> float | None:
        """The guess on a time axis; None if its unit is no time."""
        factor = {"ms": 1e-3, "s": 1.0, "min": 60.0}.get(self.unit)
        return None if factor is None else self.value * factor

    def __str__(self) -> str:
        return f"your guess: {number(self.value)} {self.unit}".rstrip()


def reach(last: float, guess: Guess | None) -> float:
    """The end of an axis that holds `last` and a time that was guessed, in seconds; a
    guess far off does not press what was measured flat."""
    hint = guess.seconds if guess is not None else None
    return max(last, min(hint or 0.0, FAR * last))
