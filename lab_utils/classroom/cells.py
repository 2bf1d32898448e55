"""Running the code cells of somebody's notebook, outside Jupyter.

A cell that raises, or never ends, costs no more than itself. Lines for IPython
(`%time`, `!pip`) do nothing here.
"""

import ast
import asyncio
import builtins
import inspect
import linecache
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

from lab_utils.exercises.attempt import within

AS_PYTHON = ("%%time", "%%timeit", "%%capture", "%%prun")
"""Cell magics whose body is Python of this notebook; the others' is something else."""


class Quiet:
    """Stands for what acts on a notebook, such as `check`, where there is none: all of
    its methods can be called, and do nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Any method."""
        return _nothing


def _nothing(*args: object, **options: object) -> None:
    pass


def namespace() -> dict[str, Any]:
    """Where the cells of one notebook are run: a new `__main__`, with the names that
    Jupyter gives to every notebook."""
    module = ModuleType("__main__")
    sys.modules["__main__"] = module  # dataclasses and pickle look for it there
    module.__dict__.update(check=Quiet(), display=_nothing, get_ipython=Quiet)
    builtins.input = _no_input
    return module.__dict__


def _no_input(*prompt: object) -> NoReturn:
    raise EOFError("input() was called, and nobody types while this is graded")


def run(
    source: str, label: str, names: dict[str, Any], limit_s: float
) -> str:
    """Run one cell in `names`; what went wrong, in words, or "".

    label: stands for the cell's file name; with it `inspect` finds the source of what
    the cell defines.
    """
    try:
        code = _compiled(source, label)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f" in line {error.lineno}" if isinstance(error, SyntaxError) else ""
        return f"It is no Python{line}: {error.args[0] if error.args else error}."
    if code is None:
        return ""
    return within(limit_s, lambda: asyncio.run(_executed(code, names)))


def _compiled(source: str, label: str) -> Any:
    """The code of a cell, or None if there is nothing in it to run."""
    if all(line.startswith("check.") for line in source.splitlines() if line.strip()):
        return None  # it asks for what is found out anyhow
    if source.startswith("%%"):
        first, _, rest = source.partition("\n")
        if first.split()[0] not in AS_PYTHON:
            return None
        source = f"\n{rest}"
    try:
        return _code(source, label)
    except SyntaxError:
        # Slow to import, and only needed for lines such as `!pip install x`.
        from IPython.core.inputtransformer2 import TransformerManager
        return _code(TransformerManager().transform_cell(source), label)


def _code(source: str, label: str) -> Any:
    lines = source.splitlines(keepends=True)
    linecache.cache[label] = (len(source), None, lines, label)
    return compile(source, label, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
                   dont_inherit=True)


async def _executed(code: Any, names: dict[str, Any]) -> None:
    # On a running loop, as in Jupyter: there `await` works and `asyncio.run` does not.
    waiting = eval(code, names)
    if inspect.iscoroutine(waiting):
        await waiting
