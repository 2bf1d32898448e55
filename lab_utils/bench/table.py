"""Rows of text as a table for the terminal."""

from collections.abc import Sequence


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """Align `rows`, of one length each: the first column to the left, the others to the
    right; a line below the first row, which is the head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([
            row[0].ljust(widths[0]),
            *map(str.rjust, row[1:], widths[1:]),
        ])
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
