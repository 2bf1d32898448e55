"""What a class handed in: a folder, a ZIP or a notebook for each learner.

Nothing is unpacked to the disk, and no more is read than the limits say.
"""

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from lab_utils.classroom.archive import BadArchive, unpacked
from lab_utils.classroom.notebook import NoNotebook, Notebook, parse

LARGEST_NOTEBOOK = 20_000_000
"""Bytes; one with a picture in every cell has a tenth of it."""

IGNORED = ("__MACOSX", ".")
"""How names begin that no learner has written."""


@dataclass(slots=True)
class Submission:
    """What one learner handed in; `troubles` says what of it could not be read."""

    student: str
    notebooks: list[Notebook] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def find(folder: Path) -> list[Submission]:
    """The submissions in `folder`, sorted by the learners' names.

    Raises ValueError if there are none, OSError if `folder` cannot be read.
    """
    entries = [entry for entry in sorted(folder.iterdir()) if _counts(entry)]
    if not entries:
        raise ValueError(f"expected a folder, a ZIP or a notebook for each learner in "
                         f"{folder}; there is none. Name the folder that holds them.")
    taken: set[str] = set()
    found = []
    for entry in entries:
        student = _shown(entry.stem if entry.is_file() else entry.name)
        student = _shown(entry.name) if student in taken else student
        taken.add(student)
        found.append(_read(student, entry))
    return sorted(found, key=lambda each: (each.student.casefold(), each.student))


def _counts(entry: Path) -> bool:
    if entry.name.startswith(IGNORED):
        return False
    return entry.is_dir() or entry.suffix.lower() in (".zip", ".ipynb")


def _shown(name: str) -> str:
    """A name that can be printed; é is one character, as macOS's ZIPs have it not."""
    whole = unicodedata.normalize("NFC", name)
    return "".join(char if char.isprintable() else "_" for char in whole)


def _read(student: str, entry: Path) -> Submission:
    """Read all notebooks of one learner."""
    submission = Submission(student)
    for path in _files(entry):
        name = path.relative_to(entry).as_posix() if path != entry else entry.name
        try:
            for inner, content in _contents(_shown(name), path):
                _add(submission, inner, content)
        except (BadArchive, OSError) as error:
            said = error if isinstance(error, BadArchive) else error.strerror
            submission.troubles.append(f"{_shown(name)}: {said}")
    if not submission.notebooks and not submission.troubles:
        submission.troubles.append("No notebook was handed in.")
    return submission


def _files(entry: Path) -> Iterator[Path]:
    """The notebooks and ZIPs of an entry; links lead elsewhere, and are passed over."""
    if entry.is_file():
        yield entry
    for folder, folders, names in os.walk(entry):
        folders[:] = sorted(name for name in folders if not name.startswith(IGNORED))
        for path in (Path(folder, name) for name in sorted(names)):
            if path.is_file() and not path.is_symlink() and _counts(path):
                yield path


def _contents(name: str, path: Path) -> Iterator[tuple[str, bytes]]:
    """The notebooks in one file, with their names."""
    if path.suffix.lower() == ".zip":
        with path.open("rb") as file:
            for inner, content in unpacked(file, LARGEST_NOTEBOOK):
                yield _shown(inner), content
        return
    with path.open("rb") as file:
        yield name, file.read(LARGEST_NOTEBOOK + 1)


def _add(submission: Submission, name: str, content: bytes) -> None:
    """Read one notebook, or note why it cannot be."""
    if PurePosixPath(name).name.startswith(IGNORED):
        return
    if len(content) > LARGEST_NOTEBOOK:
        submission.troubles.append(
            f"{name} is larger than {LARGEST_NOTEBOOK // 10**6} MB: clear all outputs "
            "and hand it in again.")
        return
    try:
        submission.notebooks.append(parse(name, content))
    except NoNotebook as error:
        submission.troubles.append(str(error))
