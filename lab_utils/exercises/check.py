"""What a learner calls: `check.exercise_2_1(take)`, `check.hint("2.1")` and
`check.progress()`."""

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab_utils.exercises import progress as noted
from lab_utils.exercises.attempt import attempt
from lab_utils.exercises.catalog import EXERCISES

HINTS = Path(__file__).with_name("hints.json")
"""Of each exercise its solution with blanks, and its lines in alphabetical order;
written by `lab_utils.exercises.stubs`."""

PREFIX = "exercise_"

NBGRADER = "NBGRADER_EXECUTION"
"""nbgrader sets it when it grades, and takes what a check returns for its points."""


class Check:
    """The checks of all exercises, as methods named after their numbers."""

    def __init__(self) -> None:
        self._hinted: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Callable[[Callable[..., Any]], float | None]:
        """`exercise_2_1`: try a function, say what was seen, and note it. Returns the
        share of its parts that hold, for nbgrader alone: a notebook would show it."""
        exercise = EXERCISES.get(name.removeprefix(PREFIX).replace("_", "."))
        if exercise is None or not name.startswith(PREFIX):
            raise AttributeError(
                f"expected one of {PREFIX}{_first()} … {PREFIX}{_last()}, hint or "
                f"progress; got {name!r}."
            )

        def tried(function: Callable[..., Any]) -> float | None:
            verdict = attempt(exercise, function)
            print(verdict)
            noted.note(verdict)
            share = verdict.held / len(exercise.parts)
            return share if NBGRADER in os.environ else None

        return tried

    def __dir__(self) -> list[str]:
        """For the Tab key."""
        names = [PREFIX + number.replace(".", "_") for number in EXERCISES]
        return [*names, "hint", "progress"]

    def hint(self, number: str | float) -> None:
        """Show the exercise `number` one grade easier: the first time with blanks
        (`___`), then its lines, to be put in order and indented. It costs nothing."""
        key = str(number)
        if key not in EXERCISES:
            raise ValueError(f"expected the number of an exercise, such as "
                             f'"{next(iter(EXERCISES))}"; got {number!r}.')
        self._hinted[key] += 1
        hints = json.loads(HINTS.read_text(encoding="utf-8"))[key]
        if self._hinted[key] == 1:
            print(f"Fill in each ___:\n\n{hints['blanks']}")
        else:
            print(f"Put these lines in order, and indent them:\n\n{hints['lines']}")

    def progress(self) -> None:
        """Show which exercises are done, and the best attempt at the others."""
        best: dict[str, tuple[bool, int]] = {}
        for number, held, right in noted.attempts():
            best[number] = max(best.get(number, (False, 0)), (right, held))
        for number, exercise in EXERCISES.items():
            right, held = best.get(number, (False, 0))
            mark = "✓" if right else "◐" if held else "·"
            core = "core" if exercise.core else ""
            print(f"{mark} {number}  {exercise.title:<36} {core:<5}"
                  f"{exercise.minutes:>3} min")
        done = sum(right for right, _ in best.values())
        print(f"\n{done} of {len(EXERCISES)} done")


def _first() -> str:
    return next(iter(EXERCISES)).replace(".", "_")


def _last() -> str:
    return list(EXERCISES)[-1].replace(".", "_")


check = Check()
