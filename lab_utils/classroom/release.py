"""The learners' copy of the exercises, and later versions of it.

A manifest beside the copy says what was released. A file that is not as it was then has
somebody's work in it, and stays.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from lab_utils.exercises.stubs import FOLDER
from lab_utils.whole_file import write_whole

MANIFEST = ".released.json"


@dataclass(frozen=True, slots=True)
class Released:
    """What a release did, by the names of the files."""

    written: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def release(folder: Path, source: Path = FOLDER) -> Released:
    """Write the learners' notebooks of `source` to `folder`.

    A file there is updated if it is as it was released, and left if it is not. Raises
    ValueError if `source` has no notebooks, OSError if `folder` cannot be written to.
    """
    noted = _read(folder / MANIFEST)
    done = Released()
    digests = dict(noted)
    for name, content in _notebooks(source):
        if _put(folder / name, content, noted.get(name), done):
            digests[name] = _digest(content)
    if digests != noted:
        text = json.dumps(digests, indent=1, sort_keys=True, ensure_ascii=False)
        write_whole(folder / MANIFEST, f"{text}\n".encode())
    return done


def _read(manifest: Path) -> dict[str, str]:
    """What was released before; nothing, if the file is missing or broken. Then no old
    file is known to be unchanged, and all of them stay."""
    try:
        noted = json.loads(manifest.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _notebooks(source: Path) -> Iterator[tuple[str, bytes]]:
    paths = sorted(source.glob("[0-9][0-9]-*.ipynb"))
    if not paths:
        raise ValueError(f"expected the exercises in {source}; there are none. Run "
                         "this in a copy of the repository, which has them.")
    for path in paths:
        yield path.name, path.read_bytes()


def _put(path: Path, content: bytes, released: str | None, done: Released) -> bool:
    """Write `content` to `path` if nobody's work is there; whether it stands there."""
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        write_whole(path, content)
        done.written.append(path.name)
        return True
    except IsADirectoryError:
        done.left.append(path.name)
        return False
    if found == content:
        done.same.append(path.name)
    elif _digest(found) == released:
        write_whole(path, content)
        done.updated.append(path.name)
    else:
        done.left.append(path.name)
        return False
    return True


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
