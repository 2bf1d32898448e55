"""What every lesson is held to: how it is written, and that Run All really runs it.

`make lessons` runs them cell by cell with nbmake; here all cells are queued at once, as
JupyterLab's Run All does. A patched event loop can drop queued cells without an error,
and only this sees it.
"""

import json
import os
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
RUN_S = 60

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def lines(cell: dict[str, Any]) -> list[str]:
    return [line for line in "".join(cell["source"]).splitlines() if line.strip()]


@each_notebook
def test_committed_without_outputs(path: Path) -> None:
    for cell in cells(path, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None


@each_notebook
def test_cells_are_small(path: Path) -> None:
    code = [lines(cell) for cell in cells(path, "code")]
    assert max(len(cell) for cell in code) <= 30
    assert median(len(cell) for cell in code) <= 5
    assert max(len(line) for cell in code for line in cell) <= 79


@each_notebook
def test_one_title_and_no_heading_level_is_skipped(path: Path) -> None:
    levels = [
        len(line) - len(line.lstrip("#"))
        for cell in cells(path, "markdown")
        for line in lines(cell)
        if line.startswith("#")
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


@each_notebook
@pytest.mark.timeout(2 * RUN_S)
def test_all_cells_queued_at_once_all_run(path: Path) -> None:
    manager = KernelManager(kernel_name="python3")
    environment = {"LAB_PACE_MS": "5", **os.environ, "HF_HUB_OFFLINE": "1"}
    manager.start_kernel(cwd=str(path.parent), env=environment)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=RUN_S)
        sources = ["".join(cell["source"]) for cell in cells(path, "code")]
        asked = [client.execute(source, allow_stdin=False) for source in sources]
        replies: dict[str, Any] = {}
        while len(replies) < len(asked):
            reply = client.get_shell_msg(timeout=RUN_S)
            replies[reply["parent_header"].get("msg_id")] = reply["content"]
        for source, message in zip(sources, asked, strict=True):
            content = replies[message]
            trace = "\n".join(content.get("traceback", []))
            assert content["status"] == "ok", f"{source}\n{trace}"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
