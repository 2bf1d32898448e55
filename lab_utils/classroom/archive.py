"""The notebooks in a ZIP of somebody else's, within limits."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO
from zipfile import ZipFile, ZipInfo

MOST_FILES = 2_000
LARGEST_ZIP = 100_000_000
"""Bytes that the notebooks of one ZIP may have together, unpacked."""

DRIVE = re.compile(r"[A-Za-z]:")


class BadArchive(ValueError):
    """A ZIP is refused: why, in one sentence."""


def unpacked(file: IO[bytes], largest: int) -> Iterator[tuple[str, bytes]]:
    """Name and content of each notebook in the ZIP `file`, in the order of the names.

    largest: bytes; of a longer notebook one byte more than that is given. Raises
    BadArchive.
    """
    try:
        with ZipFile(file) as archive:
            for member in _notebooks(archive.infolist()):
                with archive.open(member) as content:
                    yield member.filename, content.read(largest + 1)
    except BadArchive:
        raise
    except RuntimeError:
        raise BadArchive("it has a password, or is packed in a way that is not known "
                         "here: pack it again, as a plain ZIP.") from None
    except Exception:  # damage shows itself in a dozen kinds of errors
        raise BadArchive("it is no ZIP, or a damaged one: pack it again.") from None


def _notebooks(members: list[ZipInfo]) -> list[ZipInfo]:
    """The members to read; raises BadArchive if they are too many, or a trap."""
    if len(members) > MOST_FILES:
        raise BadArchive(f"it has {len(members)} files; {MOST_FILES} at most: pack "
                         "your notebooks alone.")
    for member in members:
        name = member.filename.replace("\\", "/")
        if name.startswith("/") or DRIVE.match(name) or ".." in name.split("/"):
            raise BadArchive(f"refused, because a name in it leads out of it, "
                             f"{member.filename!r}: pack your notebooks alone.")
    chosen = [member for member in members if _is_notebook(member)]
    size = sum(member.file_size for member in chosen)
    if size > LARGEST_ZIP:
        raise BadArchive(f"refused, because it unpacks to {size // 10**6} MB; "
                         f"{LARGEST_ZIP // 10**6} MB at most: clear all outputs.")
    return sorted(chosen, key=lambda member: member.filename)


def _is_notebook(member: ZipInfo) -> bool:
    parts = PurePosixPath(member.filename).parts
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return not hidden and member.filename.lower().endswith(".ipynb")
