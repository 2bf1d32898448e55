"""Timelines in, HTML out: what the widgets show at one moment.

Nothing here keeps state: a view is drawn anew, about ten times a second, from the
timeline as it is. Whatever a model wrote is escaped.
"""

import re
from collections.abc import Sequence

from lab_utils.plots.guess import Guess
from lab_utils.plots.lanes import lanes
from lab_utils.plots.picture import STYLE, as_table
from lab_utils.plots.text import milliseconds, number, safe
from lab_utils.plots.words import AT_ONCE_MS, pace, rate
from lab_utils.timeline import Timeline

DRAWN_AT = 540
"""Width of the drawing beside the text, in its own pixels."""

LONGEST_TEXT = 6_000
"""Characters of an answer that a page shows; its timeline has them all."""

WORDS = {
    "waiting": "waiting for the first token",
    "streaming": "arriving",
    "stopped": "stopped: the reader left",
    "failed": "failed",
}
FINISHED = {
    "stop": "complete: the model made its end token",
    "length": "cut off: it reached max tokens",
}

LAYOUT = """<style>
.lab-live{container-type:inline-size;font-size:17px}
.lab-body{display:grid;grid-template-columns:minmax(0,32fr) minmax(0,68fr);gap:20px}
.lab-answer{height:290px;overflow-y:auto;display:flex;flex-direction:column-reverse;
justify-content:flex-end;font-size:18px;line-height:1.5}
.lab-answer p{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
.lab-caret{display:inline-block;width:.5em;height:1.05em;background:var(--lab-token);
vertical-align:-.15em}
.lab-about{font-size:16px;color:var(--lab-soft);margin:0 0 6px;text-align:right}
.lab-said{font-size:16px;color:var(--lab-soft);margin:4px 0 0}
.lab-said.failed{color:var(--lab-late);font-weight:600}
.lab-figures{display:grid;grid-template-columns:repeat(6,1fr);gap:8px;margin-top:10px}
.lab-figure{border-top:3px solid var(--lab-token);padding:4px 2px}
.lab-figure.first{border-color:var(--lab-first)}
.lab-figure.alive{border-color:var(--lab-alive)}
.lab-figure.late{border-color:var(--lab-late);border-top-style:double;border-width:5px}
.lab-figure b{display:block;font-size:20px;font-variant-numeric:tabular-nums;
white-space:nowrap}
.lab-figure span{font-size:16px;color:var(--lab-soft)}
.lab-unseen{position:absolute;width:1px;height:1px;overflow:hidden;
clip-path:inset(50%);white-space:nowrap}
@container (max-width:699px){
.lab-body{grid-template-columns:minmax(0,1fr);gap:6px}
.lab-answer{height:168px}
.lab-figures{grid-template-columns:repeat(3,1fr)}}
</style>"""


def panel(run: Timeline, extent: float, now: float, guess: Guess | None = None) -> str:
    """The panel's body: the text so far, the lanes beside it, the figures below."""
    drawing = lanes(run, extent=extent, now=_now(run, now), guess=guess, gaps=True)
    over = run.ended is not None
    return (
        f'{STYLE}{LAYOUT}<div class="lab-picture lab-live">{about(run)}'
        f'<div class="lab-body"><div>{answer(run)}</div>'
        f"<div>{drawing.inline(DRAWN_AT)}</div></div>"
        f"{figures(run)}{as_table(drawing.table) if over else ''}</div>"
    )


def lineup(
    runs: Sequence[Timeline], title: str, extent: float, now: float,
    guess: Guess | None = None,
) -> str:
    """The race's body: all runs on one axis."""
    over = all(run.ended is not None for run in runs)
    picture = lanes(
        runs, title=title, extent=extent, now=None if over else now, guess=guess
    )
    failures = "".join(
        f'<p class="lab-said failed">{safe(run.label)}: {safe(run.error)}</p>'
        for run in runs if run.error
    )
    return f"{LAYOUT}{picture.html()}<div class='lab-picture'>{failures}</div>"


def answer(run: Timeline) -> str:
    """The text as it arrives, with a caret while it does, and how it ended."""
    text = run.text
    cut = max(0, len(text) - LONGEST_TEXT)
    before = f"[{number(cut)} characters before this] … " if cut else ""
    shown = safe(before) + "".join(map(_lines, text[cut:].splitlines(keepends=True)))
    caret = '<span class="lab-caret"></span>' if run.ended is None and run.seen else ""
    kind = " failed" if run.state == "failed" else ""
    return (
        f'<div class="lab-answer" tabindex="0"><p>{shown}{caret}</p></div>'
        f'<p class="lab-said{kind}">{safe(status(run))}</p>'
    )


def status(run: Timeline) -> str:
    """How far it is, or how it ended and why, in words."""
    if run.state == "failed":
        return f"failed: {run.error}"
    if run.state == "complete":
        return FINISHED.get(run.finish_reason or "", "complete")
    return WORDS.get(run.state, "") if run.seen or run.arrivals else "ready"


def trouble(error: Exception) -> str:
    """A line in place of a picture that could not be drawn."""
    words = safe(f"the panel could not draw: {error!r}")
    return (
        f'{STYLE}{LAYOUT}<div class="lab-picture"><p class="lab-said failed">'
        f"{words}. The request was left.</p></div>"
    )


def figures(run: Timeline) -> str:
    """The six numbers below the lanes."""
    made = str(len(run.arrivals)) + (f" / {run.expected}" if run.expected else "")
    slowest = run.slowest_ping_ms
    late = slowest is not None and slowest > AT_ONCE_MS
    cards = [
        ("first", milliseconds(run.ttft_ms), "first token"),
        ("", made, "tokens"),
        ("", rate(run), "tokens per second"),
        ("", milliseconds(run.median_gap_ms), "gap, median"),
        ("", milliseconds(run.p95_gap_ms), "gap, 95th percentile"),
        ("late" if late else "alive", milliseconds(slowest), "slowest /health"),
    ]
    return '<div class="lab-figures">' + "".join(
        f'<div class="lab-figure {kind}"><b>{value}</b><span>{name}</span></div>'
        for kind, value, name in cards
    ) + "</div>"


def about(run: Timeline) -> str:
    """Model, runner and pace, in a line."""
    words = " · ".join(filter(None, [run.about, pace(run.pace_ms)]))
    return f'<p class="lab-about">{safe(words) or "&nbsp;"}</p>'


def last_sentence_end(text: str) -> int:
    """Where the last whole sentence of a text that still grows ends; 0 if none does."""
    ends = [match.end() for match in re.finditer(r"[.!?…](?=\s)", text)]
    return ends[-1] if ends else 0


def speech(words: str) -> str:
    """What a screen reader says; nothing is to be seen."""
    # Replacing a widget's HTML makes a new element; of those only an alert is spoken.
    said = safe(words)
    return f'{LAYOUT}<div class="lab-unseen" role="alert">{said}</div>'


def _now(run: Timeline, now: float) -> float | None:
    return None if run.ended is not None else now


def _lines(line: str) -> str:
    """A line, its control characters made visible."""
    return safe(line.rstrip("\r\n")) + ("\n" if line[-1:] in "\r\n" else "")
