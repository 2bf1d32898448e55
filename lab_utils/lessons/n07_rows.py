"""The tutorial's four rows, as measured here, beside its published figures."""

from collections.abc import Sequence

from IPython.display import Markdown

from lab_utils.timeline import Timeline

PUBLISHED = {
    "time to first visible token": ("24,000 ms", "350 ms"),
    "total time": ("24,000 ms", "24,000 ms"),
    "slowest `/health` meanwhile": ("blocked", "still answers"),
    "made after the reader left": ("all of them", "none"),
}
"""Without streaming, and with it: 100 tokens, 1.1 billion parameters, one CPU."""


def four_rows(columns: Sequence[tuple[Timeline, int]]) -> Markdown:
    """The table; the columns are as `lab_utils.bench.demo.measure` gives them."""
    measured = [
        [f"{run.ttft_ms or 0:,.0f} ms" for run, _ in columns],
        [f"{1e3 * (run.ended or 0):,.0f} ms" for run, _ in columns],
        [f"{run.slowest_ping_ms or 0:,.0f} ms" for run, _ in columns],
        [f"{wasted} of {len(run.arrivals)}" for run, wasted in columns],
    ]
    names = [run.label for run, _ in columns]
    head = ["", *names, "published: without", "published: streaming"]
    rows = [[f"**{name}**", *cells, *said] for (name, said), cells in zip(
        PUBLISHED.items(), measured, strict=True)]
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return Markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))
