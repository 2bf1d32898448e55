"""Stills of the lessons' key figures, for who reads them without running: GitHub shows
no outputs. `make pictures` takes them from a real run of each notebook."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from lab_utils.plots.theme import DARK, variables
from tests.lessons.lesson import NOTEBOOKS, Lesson

FOLDER = NOTEBOOKS / "images" / "stills"
SVG = "image/svg+xml"
RUN_S = 120

STILLS = {
    "01": ("wsgi-18", "wsgi-65"),
    "02": ("generate-19", "generate-30"),
    "03": ("sse-15",),
    "04": ("executor-06", "executor-28", "executor-77"),
    "05": ("kernel-12", "kernel-30"),
    "06": ("panel-11", "panel-43"),
    "07": ("bench-23",),
    "08": ("big-15", "big-24"),
}
"""Of each lesson, the cells whose figures are kept."""

LINK = re.compile(r"!\[([^\]]+)\]\(images/stills/([\w-]+)\.svg\)")


def taken(number: str) -> Iterator[tuple[str, str]]:
    """Run a lesson; yields each cell's id and the figure that it shows first."""
    lesson = Lesson(number)
    notebook = nbformat.read(lesson.path, as_version=4)
    NotebookClient(
        notebook, timeout=RUN_S, resources={"metadata": {"path": str(NOTEBOOKS)}}
    ).execute()
    for cell in notebook.cells:
        if cell.id in STILLS[number]:
            shown = [output.data[SVG] for output in cell.outputs
                     if SVG in output.get("data", {})]
            yield cell.id, shown[0]


def with_a_dark_side(svg: str) -> str:
    """The figure in the colours of the page that shows it, light or dark."""
    night = f"@media (prefers-color-scheme:dark){{svg.lab{{" \
            f"{variables(DARK, themed=False)}}}}}"
    return svg.replace("</style>", f"{night}</style>", 1)


def main() -> None:
    """Take all of them anew."""
    os.environ.pop("LAB_PACE_MS", None)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for number in STILLS:
        for cell, svg in taken(number):
            path: Path = FOLDER / f"{cell}.svg"
            path.write_text(with_a_dark_side(svg) + "\n", encoding="utf-8")
            print(path, path.stat().st_size // 1024, "KiB")


if __name__ == "__main__":
    main()
