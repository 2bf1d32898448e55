"""An exercise: a function that a learner writes, and the parts of its check."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Part = Callable[[Any], None]
"""One part of a check: is given the learner's function; raises `Wrong`, or it holds."""


class Wrong(AssertionError):
    """What was seen, what that means, where to look: in at most 60 words."""


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise, such as 2.1: the learner's `function` is handed to each of `parts`.

    minutes: how long a learner is given. core: one of those for a short course.
    """

    number: str
    title: str
    function: str
    minutes: int
    parts: tuple[Part, ...]
    core: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of an attempt: how many of the parts held, and the first message."""

    exercise: Exercise
    held: int
    message: str = ""

    @property
    def right(self) -> bool:
        """Whether everything held, and nothing was left behind."""
        return self.held == len(self.exercise.parts) and not self.message

    def __str__(self) -> str:
        mark = "✓" if self.right else "✗"
        parts = len(self.exercise.parts)
        line = (f"{mark} {self.exercise.number} {self.exercise.title}: "
                f"{self.held} of {parts} parts hold")
        return f"{line}\n  {self.message}" if self.message else line
