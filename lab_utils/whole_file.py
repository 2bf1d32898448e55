"""A file that is written whole or not at all."""

import json
import os
from pathlib import Path
from threading import get_ident


def write_json(content: object, path: str | os.PathLike[str]) -> None:
    """Write `content` as JSON; see `write_whole`. Raises ValueError for what JSON
    cannot hold, such as NaN."""
    text = json.dumps(content, indent=0, ensure_ascii=False, allow_nan=False)
    write_whole(Path(path), f"{text}\n".encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path`: what stood there before stays readable until all of
    the new is there. Makes the folder if it is missing; raises OSError if it cannot be
    written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Short: the file's own name may be as long as a name can be.
    draft = path.with_name(f".{os.getpid()}-{get_ident()}.draft")
    try:
        draft.write_bytes(content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
