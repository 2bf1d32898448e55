"""Which names a top-level statement binds and uses, as the compiler sees it."""

import ast
import asyncio
import builtins
import dis
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from types import CodeType
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

LOADS = ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS")
STORES = ("STORE_NAME", "STORE_GLOBAL")
KERNELS = {
    *dir(builtins), "display", "get_ipython", "__name__", "__annotations__", "_",
}
"""Names that are there before the first cell."""


@dataclass(frozen=True)
class Statement:
    """One top-level statement of a cell."""

    node: ast.stmt
    position: int
    folded: bool = False

    @cached_property
    def binds(self) -> frozenset[str]:
        """The names that exist once it has run."""
        return frozenset(_names(_compiled([self.node]), STORES, into=False))

    @cached_property
    def uses(self) -> frozenset[str]:
        """The names that it, or a function defined in it, looks up outside."""
        return frozenset(_names(_compiled([self.node]), LOADS, into=True))

    @cached_property
    def uses_at_once(self) -> frozenset[str]:
        """Those that it looks up while it runs, and does not bind before that."""
        code = _compiled([self.node])
        own, found = set[str](), set[str]()
        for step in dis.get_instructions(code):
            if step.opname in STORES:
                own.add(step.argval)
            elif step.opname in LOADS and step.argval not in own:
                found.add(step.argval)
        inside = (each for each in code.co_consts if isinstance(each, CodeType))
        for each in inside:
            if each.co_name.startswith("<") and each.co_name != "<lambda>":
                found.update(set(_names(each, LOADS, into=True)) - own)
        return frozenset(found)

    @property
    def defines(self) -> bool:
        """Whether it is a function or a class."""
        return isinstance(
            self.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        )

    @property
    def imports(self) -> bool:
        """Whether it is an import."""
        return isinstance(self.node, ast.Import | ast.ImportFrom)


def parse(source: str) -> list[ast.stmt]:
    """The statements of a cell; magics become the calls that IPython makes of them."""
    plain: str = TransformerManager().transform_cell(source)
    return ast.parse(plain).body


def needed(statements: list[Statement], names: Iterable[str]) -> list[Statement]:
    """Those that together define `names`, in order.

    The last function or class of a name is taken (a lesson improves what it builds),
    else its last assignment, else its import. What that one uses is taken from before
    it, or, where a function is finished by later cells, from after it.
    """
    chosen = {}
    todo = [_definition(statements, name) for name in names]
    while todo:
        statement = todo.pop()
        if statement.position in chosen:
            continue
        chosen[statement.position] = statement
        for name in statement.uses:
            found = _dependency(statements, name, statement.position)
            if found is not None:
                todo.append(found)
    return [chosen[position] for position in sorted(chosen)]


def execute(statements: Iterable[Statement]) -> dict[str, Any]:
    """Run them in a fresh namespace, as a kernel would; returns it."""
    namespace: dict[str, Any] = {"__name__": "lesson"}
    result = eval(_compiled([each.node for each in statements]), namespace)
    if inspect.iscoroutine(result):
        asyncio.run(result)
    return namespace


def _definition(statements: list[Statement], name: str) -> Statement:
    binding = [each for each in statements if name in each.binds]
    if not binding:
        raise LookupError(f"no cell defines {name!r}")
    return max(
        binding, key=lambda each: (each.defines, not each.imports, each.position)
    )


def _dependency(
    statements: list[Statement], name: str, position: int
) -> Statement | None:
    """What `name` means to the statement at `position`; folded cells come last."""
    binding = [
        each for each in statements if name in each.binds and each.position != position
    ]
    return min(
        binding,
        key=lambda each: (
            each.folded, each.position > position, abs(each.position - position)
        ),
        default=None,
    )


def _compiled(nodes: list[ast.stmt]) -> CodeType:
    module = ast.Module(nodes, [])
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code: CodeType = compile(module, "<lesson>", "exec", flags, dont_inherit=True)
    return code


def _names(code: CodeType, opcodes: tuple[str, ...], *, into: bool) -> Iterator[str]:
    for step in dis.get_instructions(code):
        if step.opname in opcodes:
            yield step.argval
    for constant in code.co_consts:
        if into and isinstance(constant, CodeType):
            yield from _names(constant, opcodes, into=True)


def missing(statements: Iterable[Statement]) -> set[str]:
    """The names that they need from elsewhere, run in this order.

    What a function looks up when it is called may be bound by any of them.
    """
    bound: set[str] = set()
    now: set[str] = set()
    later: set[str] = set()
    for statement in statements:
        now |= {name for name in statement.uses_at_once if name not in bound}
        later |= statement.uses
        bound |= statement.binds
    return (now | later - bound) - KERNELS


def calls(node: ast.AST, name: str) -> int:
    """How often `name(…)` or `….name(…)` is called in `node`."""
    functions = (each.func for each in ast.walk(node) if isinstance(each, ast.Call))
    return sum(
        name in (getattr(each, "id", None), getattr(each, "attr", None))
        for each in functions
    )
