"""What the reader guessed before the cell ran."""

from dataclasses import dataclass

from lab_utils.plots.text import number


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
