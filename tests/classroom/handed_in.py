"""What learners hand in: the solved notebook of lesson 02, and what went wrong with it.

A fault is a function from the cells of the right notebook to those of a broken one.
"""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from lab_utils.exercises.stubs import SOLUTIONS

Cell = dict[str, Any]
Fault = Callable[[list[Cell]], list[Cell]]

TAKE, CHECK = "x2-1-b", "x2-1-c"
"""The cells of exercise 2.1 and of its check."""


def solved(lesson: str = "02") -> dict[str, Any]:
    """The solved notebook of a lesson."""
    (path,) = SOLUTIONS.glob(f"{lesson}-*.ipynb")
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def right() -> bytes:
    """Lesson 02, all of it right."""
    return dumped(solved())


def dumped(notebook: object) -> bytes:
    return json.dumps(notebook).encode()


def code(source: str) -> Cell:
    """A code cell."""
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [],
            "execution_count": None}


def broken(fault: Fault) -> bytes:
    """Lesson 02 with a fault in its cells."""
    notebook = solved()
    return dumped({**notebook, "cells": fault(notebook["cells"])})


def instead(source: str) -> bytes:
    """Lesson 02 with another answer to 2.1."""
    return broken(lambda cells: [code(source) if cell["id"] == TAKE else cell
                                 for cell in cells])


def before(source: str) -> bytes:
    """Lesson 02 with one more cell before the answer to 2.1."""
    return broken(lambda cells: [code(source), *cells])


def zipped(path: Path, files: dict[str, bytes]) -> None:
    """Write a ZIP."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    path.write_bytes(buffer.getvalue())


def put(folder: Path, student: str, content: bytes) -> None:
    """Hand in one notebook, in a folder of one's own."""
    (folder / student).mkdir(parents=True)
    (folder / student / "02-generate-stream.ipynb").write_bytes(content)


def old_format(notebook: dict[str, Any]) -> dict[str, Any]:
    """`notebook` in nbformat 3: cells in a worksheet, their source called input."""
    cells = [{"cell_type": cell["cell_type"], "language": "python",
              ("input" if cell["cell_type"] == "code" else "source"):
              "".join(cell["source"])} for cell in notebook["cells"]]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""},
            "worksheets": [{"cells": cells, "metadata": {}}]}


def one_string(notebook: dict[str, Any]) -> dict[str, Any]:
    """`notebook` with each source as one string."""
    return {**notebook, "cells": [{**cell, "source": "".join(cell["source"])}
                                  for cell in notebook["cells"]]}


ITEMS = "def take(gen, n):\n    return [next(gen) for _ in range(n)]\n"
FAULTS: dict[str, bytes] = {
    "deleted": broken(lambda cells: [c for c in cells if c["id"] != TAKE]),
    "reordered": broken(lambda cells: cells[::-1]),
    "merged": broken(lambda cells: [
        code("".join("".join(c["source"]) + "\n" for c in cells
                     if c["cell_type"] == "code"))]),
    "twice": broken(lambda cells: [*cells, code("def take(gen, n):\n    return []")]),
    "raises": before("1 / 0"),
    "no Python": instead("def take(gen, n:\n    return []"),
    "endless cell": before("while True:\n    pass"),
    "endless answer": instead("def take(gen, n):\n    while True:\n        pass"),
    "sleeps": before("import time\ntime.sleep(1000)"),
    "sys.exit": before("import sys\nsys.exit(1)"),
    "os._exit": before("import os\nos._exit(0)"),
    "os._exit in an answer": instead("import os\ndef take(gen, n):\n    os._exit(3)"),
    "input": before("name = input('Your name? ')"),
    "much output": before("for _ in range(100_000):\n    print('x' * 100)"),
    "much memory": before("much = []\nwhile True:\n    much.append(bytes(10**7))"),
    "a million": instead("def take(gen, n):\n    return [7] * 10**6"),
    "magics": before("%matplotlib inline\n!pip install x\nfiles = !ls\ntake?"),
    "cell magics": before("%%bash\nrm -rf nothing"),
    "timed": instead(f"%%time\n{ITEMS}"),
    "awaits": before("import asyncio\nawait asyncio.sleep(0)"),
    "nbformat 3": dumped(old_format(solved())),
    "one string": dumped(one_string(solved())),
    "another kernel": dumped({**solved(), "metadata": {
        "kernelspec": {"name": "ir", "language": "R", "display_name": "R"}}}),
    "stub": instead("def take(gen, n):\n    ..."),
    "raises in it": instead(ITEMS),
    "empty": b"",
    "binary": b"\x89PNG\r\n\x1a\n\x00\xff",
    "half": right()[:500],
    "no notebook": b'{"a": 1}',
    "a list": b"[1, 2]",
    "deep": b"[" * 100_000,
}
"""By what went wrong: the notebook that was handed in."""
