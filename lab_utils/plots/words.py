"""A run in words and numbers, for who cannot see its picture."""

from collections.abc import Sequence

from lab_utils.plots.text import milliseconds, number, seconds
from lab_utils.timeline import Timeline

AT_ONCE_MS = 100
"""An answer within a tenth of a second is felt to be immediate (Nielsen, Usability
Engineering, 1993, section 5.5); a ping that took longer is drawn as a line."""


def describe(run: Timeline) -> str:
    """A sentence for who cannot see the picture."""
    name = run.label or "The server"
    count = len(run.arrivals)
    parts = [
        f"first of {count} tokens after {milliseconds(run.ttft_ms)}"
        if count else f"no token within {seconds(run.seen)}"
    ]
    if run.left is not None:
        parts.append(f"the reader left after {seconds(run.left)}")
    elif run.ended is not None:
        parts.append(f"ended after {seconds(run.ended)}")
    if run.unread:
        parts.append(f"{len(run.unread)} tokens made for nobody")
    if run.pings:
        parts.append(f"/health: {health_words(run)}")
    return f"{name}: {'; '.join(parts)}."


def health_words(run: Timeline) -> str:
    """How the pings fared, in a few words."""
    waits = run.waits_ms
    late = [wait for wait in waits if wait > AT_ONCE_MS]
    if not waits:
        return "not asked"
    if not late:
        return f"{len(waits)} asked, slowest {milliseconds(max(waits))}"
    return f"{len(late)} of {len(waits)} waited, up to {milliseconds(max(late))}"


def table(runs: Sequence[Timeline]) -> list[list[str]]:
    """The figures of each run, one column each."""
    rows: list[list[str]] = [["", *(run.label for run in runs)]]

    def row(name: str, values: list[str]) -> None:
        rows.append([name, *values])

    row("time to first token", [milliseconds(run.ttft_ms) for run in runs])
    row("total", [seconds(run.ended) for run in runs])
    row("tokens", [str(len(run.arrivals)) for run in runs])
    row("tokens per second", [rate(run) for run in runs])
    row("gap, median", [milliseconds(run.median_gap_ms) for run in runs])
    row("gap, 95th percentile", [milliseconds(run.p95_gap_ms) for run in runs])
    row("/health, slowest", [milliseconds(run.slowest_ping_ms) for run in runs])
    row("/health, unanswered", [str(run.unanswered) for run in runs])
    if any(run.unread for run in runs):
        row("tokens made for nobody", [str(len(run.unread)) for run in runs])
    return rows


def rate(run: Timeline) -> str:
    """Tokens per second in words; an en dash if all came at one moment."""
    value = run.tokens_per_second
    return "–" if value is None else f"{number(value)} /s"


def pace(ms: float) -> str:
    """How long each step was made to last, in words; nothing if it was not."""
    return f"paced: at least {number(ms)} ms per step" if ms else ""
