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
    """One exercise, e.g. 2.1: the learner's `function` is handed to each of `parts`."""

    number: str
    title: str
    function: str
    """The name that the learner's function has in the exercise's notebook."""
    minutes: int
    parts: tuple[Part, ...]
    hidden: tuple[Part, ...] = ()
    """Parts that a grader adds; the learner's own check does not run them."""
    core: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a check: `held` of its `parts`, and the first message, or ''."""

    number: str
    held: int
    parts: int
    message: str
