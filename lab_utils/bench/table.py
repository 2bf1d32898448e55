"""Figures as rows of text for the terminal."""

from collections.abc import Sequence
from typing import Any


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


def tables(result: dict[str, Any]) -> str:
    """The result of `compare.run` as two tables: speed, and how it feels to wait."""
    return f"{speed(result)}\n\n{waits(result)}"


def speed(result: dict[str, Any]) -> str:
    """Tokens per second of one stream and of eight, beside the bare loop and, as
    ratios, beside the tutorial's server."""
    servers, bare = result["servers"], result["engine"]
    base = servers["tutorial"]
    head = ["tokens/s", "one", "÷ bare", "÷ tutorial", "eight", "÷ bare", "÷ tutorial",
            "ready", "memory"]
    rows = [
        [name, *(text for key in ("one", "eight") for text in (
            f"{row[key]:.1f}", f"{row[key] / bare[key]:.2f}",
            f"{row[key] / base[key]:.2f}")),
         _shown(row["ready_s"], "{:.1f} s"), _shown(row["memory_mib"], "{:.0f} MiB")]
        for name, row in servers.items()
    ]
    return text_table([head, *rows])


def waits(result: dict[str, Any]) -> str:
    """First tokens, `/health` and freed slots, in milliseconds."""
    head = ["ms", "first", "of eight", "p95", "health p50", "p99", "max", "idle p99",
            "freed"]
    keys = ("first_ms", "first_of_eight_ms", "first_of_eight_p95_ms", "health_p50_ms",
            "health_p99_ms", "health_max_ms", "idle_p99_ms", "freed_ms")
    rows = [[name, *(_shown(row[key], "{:.1f}") for key in keys)]
            for name, row in result["servers"].items()]
    return text_table([head, *rows])


def _shown(value: float | None, how: str) -> str:
    return "–" if value is None else how.format(value)
