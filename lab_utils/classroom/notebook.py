"""A notebook that somebody handed in: its code, and which exercises it has."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lab_utils.exercises.catalog import EXERCISES

CALLED = re.compile(r"\bcheck\.exercise_(\d)_\d")
HEADED = re.compile(r"^## (\d)\.\d ", re.MULTILINE)
NAMED = re.compile(r"(?<!\d)0?([1-8])(?!\d)")


class NoNotebook(ValueError):
    """A file cannot be read as a notebook: what it is instead, in one sentence."""


@dataclass(frozen=True, slots=True)
class Notebook:
    """One file: its `name` within the submission, the sources of its code cells, the
    lessons (such as "2") whose exercises it has, and what is odd about it."""

    name: str
    cells: tuple[str, ...]
    lessons: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def exercises(self) -> list[str]:
        """The numbers of the exercises that belong to it, in their order."""
        return [number for number in EXERCISES if number[0] in self.lessons]


def parse(name: str, content: bytes) -> Notebook:
    """Read a notebook of nbformat 3 or 4; raises NoNotebook."""
    data = _loaded(name, content)
    cells = list(_cells(name, data))
    code = tuple(source for kind, source in cells if kind == "code")
    lessons = _lessons(name, "\n".join(source for _, source in cells))
    notes = [] if lessons else [f"{name}: no exercise of this series is in it."]
    language = _language(data.get("metadata"))
    if language != "python":
        notes.append(f"{name}: it says that its language is {language}; it was read as "
                     "Python.")
    return Notebook(name, code, lessons, tuple(notes))


def _loaded(name: str, content: bytes) -> dict[str, Any]:
    if not content.strip():
        raise NoNotebook(f"{name} is empty: save the notebook and hand it in again.")
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise NoNotebook(f"{name} is no notebook: it is no JSON. Hand in the .ipynb "
                         "file itself.") from None
    if not isinstance(data, dict):
        raise NoNotebook(f"{name} is no notebook: expected an object with cells, got a "
                         f"{type(data).__name__}. Hand in the .ipynb file itself.")
    return data


def _cells(name: str, data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The kind and the source of each cell; what is no cell is passed over."""
    sheets = data.get("worksheets", [data])  # nbformat 3 has sheets around its cells
    if not isinstance(sheets, list) or not any(
        isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
        for sheet in sheets
    ):
        raise NoNotebook(f"{name} is no notebook: it has no list of cells. Hand in the "
                         ".ipynb file itself.")
    for sheet in sheets:
        listed = sheet.get("cells") if isinstance(sheet, dict) else None
        for cell in listed if isinstance(listed, list) else []:
            if isinstance(cell, dict):
                source = cell.get("source", cell.get("input", ""))
                yield str(cell.get("cell_type")), _text(source)


def _text(source: object) -> str:
    """A source, which may be a list of lines or one string."""
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _lessons(name: str, text: str) -> tuple[str, ...]:
    """Those whose checks are called or whose headings stand there, else the one in the
    file's name, else those whose functions are defined."""
    known = {number[0] for number in EXERCISES}
    found = {*CALLED.findall(text), *HEADED.findall(text)} & known
    if not found:
        found = set(NAMED.findall(name.rpartition("/")[2])[:1])
    if not found:
        found = {number[0] for number, exercise in EXERCISES.items()
                 if re.search(rf"^(async )?def {exercise.function}\b", text, re.M)}
    return tuple(sorted(found))


def _language(metadata: object) -> str:
    """What the notebook says of its kernel; "python" where it says nothing."""
    if not isinstance(metadata, dict):
        return "python"
    said = [part.get(key) for part, key in (
        (metadata.get("kernelspec"), "language"),
        (metadata.get("language_info"), "name"),
    ) if isinstance(part, dict)]
    words = [word for word in said if isinstance(word, str)]
    return next((word[:40] for word in words if word.lower() != "python"), "python")
