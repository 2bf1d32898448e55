"""Your turn: a function with gaps that a learner fills, or else a folded solution.

A gap is a `...`. As long as there is one in a function, it is not written yet.
"""

import ast
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import dedent
from types import FunctionType
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class NotYet(AssertionError):
    """What a check has seen, and the idea; a notebook shows these words alone."""

    def _render_traceback_(self) -> list[str]:
        """IPython asks for it; elsewhere the traceback stands above the words."""
        return [f"✗ {self}"]


def has_gaps(function: Callable[..., Any]) -> bool:
    """Whether a `...` stands in its source; no, if nobody knows its source."""
    try:
        tree = ast.parse(dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):  # not a `def` that can be read
        return False
    return any(isinstance(node, ast.Constant) and node.value is ...
               for node in ast.walk(tree))


def solution(function: Callable[P, R]) -> Callable[P, R]:
    """As a decorator: `function`, unless its name stands for one without gaps already.

    So what the learner has written stays, and is used from here on.
    """
    assert isinstance(function, FunctionType), "it decorates a function"
    name = function.__name__
    mine: Callable[P, R] | None = function.__globals__.get(name)
    function.__dict__["is_solution"] = True
    if mine is None or hasattr(mine, "is_solution") or has_gaps(mine):
        return function
    print(f"{name}: yours stays.")
    return mine


@dataclass(frozen=True, slots=True)
class Case:
    """Something to try: `given` is what the function gets, `expected` what it must
    return; `idea` is said to who returns something else."""

    given: Any
    expected: Any
    idea: str


def check_written(function: Callable[..., Any]) -> None:
    """Raise NotYet if `function` still has gaps."""
    if has_gaps(function):
        raise NotYet(f"{function.__name__} still has a `...` in it. Write yours, or "
                     "run the folded cell below it to go on with a solution.")


def check(function: Callable[[Any], Any], cases: Sequence[Case]) -> None:
    """Try `function` on the cases in order; an iterator's items count as a list.

    Raises NotYet at the first one that is not as expected.
    """
    name = function.__name__
    check_written(function)
    for case in cases:
        try:
            seen = function(case.given)
            seen = list(seen) if hasattr(seen, "__next__") else seen
        except Exception as error:
            raise NotYet(_words(name, case, repr(error))) from error
        if seen != case.expected:
            raise NotYet(_words(name, case, repr(seen)))
    print(f"✓ {name}: {len(cases)} of {len(cases)} as expected")


def _words(name: str, case: Case, seen: str) -> str:
    return (f"{name} got {case.given!r}.\n  expected: {case.expected!r}\n"
            f"  it gave:  {seen}\n{case.idea}")
