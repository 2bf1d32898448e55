"""A made-up lesson, to try on it the programs that check the lessons."""

import json
from pathlib import Path

from tests.lessons.lesson import Lesson, Section


def lesson(folder: Path, *cells: tuple[str, str]) -> Lesson:
    """Lesson 09 with one section, 9.1 of 3 minutes, of these cells; their ids count."""
    first = [("md", "# 09 · Made up"), ("md", "## 9.1 One · core, 3 minutes")]
    last = [("md", "## Summary · 1 minute")]
    notebook = [
        {
            "cell_type": "markdown" if kind == "md" else "code",
            "metadata": {"tags": [kind]},
            "source": source,
            "id": f"c{at}",
        }
        for at, (kind, source) in enumerate([*first, *cells, *last])
    ]
    (folder / "09-made-up.ipynb").write_text(json.dumps({"cells": notebook}))
    return Lesson("09", folder)


def section(folder: Path, *cells: tuple[str, str]) -> Section:
    return lesson(folder, *cells).section("9.1")
