"""The word lists of the generator, read from the text files beside it."""

from functools import cache
from pathlib import Path

TEXT = Path(__file__).with_name("text")
"""The folder of the word lists, plots and terms."""


@cache
def load_lists(file: str) -> dict[str, tuple[str, ...]]:
    """All lists of one file of `text/`, by name: items by line, or parted by ";"."""
    lists: dict[str, tuple[str, ...]] = {}
    name = ""
    for line in (TEXT / file).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name = line[1:-1]
            lists[name] = ()
        elif line and not line.startswith("#"):
            items = (item.strip() for item in line.split(";"))
            lists[name] += tuple(item for item in items if item)
    return lists
