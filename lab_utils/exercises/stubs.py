"""From the solved notebooks, the learner's: `python -m lab_utils.exercises.stubs`.

A solution stands between nbgrader's marks (`### BEGIN SOLUTION`). In the learner's copy
it is a `...`; two easier grades of the same task go to `hints.json`: with blanks, and
as lines in alphabetical order.
"""

import ast
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

from lab_utils.exercises.catalog import EXERCISES
from lab_utils.exercises.check import HINTS

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
FOLDER = Path(__file__).parents[2] / "notebooks" / "exercises"
SOLUTIONS = FOLDER / "solutions"
TABLE = 4


def main() -> None:
    """Write the stubs and the hints of every solved notebook."""
    for path, text in files():
        path.write_text(text, encoding="utf-8", newline="\n")


def files() -> Iterator[tuple[Path, str]]:
    """Each file that `main` writes, and what belongs in it."""
    hints: dict[str, dict[str, str]] = {}
    for solved in sorted(SOLUTIONS.glob("*.ipynb")):
        notebook = json.loads(solved.read_text(encoding="utf-8"))
        for source in _solutions(notebook):
            number = numbered(source)
            hints[number] = {"blanks": with_blanks(source), "lines": as_lines(source)}
        yield FOLDER / solved.name, _dumped(stub(notebook))
    yield HINTS, _dumped(hints)


def stub(notebook: dict[str, Any]) -> dict[str, Any]:
    """A copy of the solved `notebook` without its solutions."""
    copy: dict[str, Any] = json.loads(json.dumps(notebook))
    for cell in copy["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = emptied("".join(cell["source"])).splitlines(keepends=True)
    return copy


def emptied(source: str) -> str:
    """`source` with a `...` for each solution."""
    before, begin, rest = source.partition(BEGIN)
    if not begin:
        return source
    _, _, after = rest.partition(END)
    return f"{before}...{emptied(after)}"


def numbered(source: str) -> str:
    """The number of the exercise whose function `source` defines."""
    names = {exercise.function: number for number, exercise in EXERCISES.items()}
    tree = ast.parse(source)
    return next(names[node.name] for node in tree.body
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                and node.name in names)


def with_blanks(source: str) -> str:
    """`source` with a blank for each condition, value of a dict, argument of a call,
    and for what is yielded, awaited, added or returned; names stay."""
    whole = _unmarked(source)
    return _without(whole, _blanked(ast.parse(whole)))


def _without(source: str, nodes: Iterable[ast.expr]) -> str:
    """`source` with a blank for each of `nodes`, of one line each."""
    lines = source.splitlines()
    for node in sorted(nodes, key=lambda node: -node.col_offset):
        line = lines[node.lineno - 1].encode()
        kept = line[: node.col_offset], line[node.end_col_offset :]
        lines[node.lineno - 1] = b"___".join(kept).decode()
    return "\n".join(lines)


def _blanked(tree: ast.AST) -> Iterator[ast.expr]:
    """Expressions of `tree` that become blanks; none lies within another."""
    known = ast.Name if isinstance(tree, ast.Dict) else ast.Name | ast.Constant
    found = [each for each in _candidates(tree)
             if each.lineno == each.end_lineno and not isinstance(each, known)]
    yield from found
    for child in ast.iter_child_nodes(tree):
        if child not in found:
            yield from _blanked(child)


def _candidates(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.If() | ast.While():
            return [node.test]
        case ast.Return() | ast.Yield():
            return [node.value] if node.value else []
        case ast.Await() | ast.AugAssign():
            return [node.value]
        case ast.Dict():
            return node.values
        case ast.Expr(value=ast.Call(args=arguments)):
            return arguments
    return []


def as_lines(source: str) -> str:
    """The solution's lines, sorted and without their indentation. The answers of a
    table stand behind, each once: beside its question, each would be given away."""
    answers = list(_answers(ast.parse(source)))
    body = _without(source, answers).partition(BEGIN)[2].partition(END)[0]
    lines = sorted(line.strip() for line in body.splitlines() if line.strip())
    texts = sorted({ast.get_source_segment(source, each) or "" for each in answers})
    more = ["", "Each ___ is one of these:", *texts] if texts else []
    return indent("\n".join([*lines, *more]), "    ")


def _answers(tree: ast.AST) -> Iterator[ast.expr]:
    """The values of each table: of a dict with at least `TABLE` questions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict) and len(node.values) >= TABLE:
            yield from node.values


def _unmarked(source: str) -> str:
    lines = source.splitlines()
    return "\n".join(line for line in lines if line.strip() not in (BEGIN, END))


def _solutions(notebook: dict[str, Any]) -> Iterator[str]:
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and BEGIN in source:
            yield source


def _dumped(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
