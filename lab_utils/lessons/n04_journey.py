"""The life of one request: when each of its steps was, in the client, on the event loop
and in the engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from lab_utils.plots.axis import Axis
from lab_utils.plots.canvas import Canvas
from lab_utils.plots.guess import Guess
from lab_utils.plots.legend import guessed, legend
from lab_utils.plots.picture import Picture
from lab_utils.plots.text import seconds

TITLE = "The life of a request"

LANE, GAP, NAME = 34, 40, 26
"""Heights in pixels; NAME: of a name above its lane."""


@dataclass(frozen=True, slots=True)
class Journey:
    """What happened to one streamed request, in seconds since it was sent.

    label: the server's name. heard: the server began to work on it. checked: it was
    found valid, and the engine was asked. steps: begin and end of each step of the
    engine; the first is the prefill. wrote, read: when each event was sent by the loop
    and read by the client, `[DONE]` the last.
    """

    label: str
    heard: float
    checked: float
    steps: Sequence[tuple[float, float]]
    wrote: Sequence[float]
    read: Sequence[float]

    @property
    def prefill_s(self) -> float:
        """How long the first step took."""
        begin, end = self.steps[0]
        return end - begin

    @property
    def decode_s(self) -> float:
        """How long a later step took, in the middle; 0 if there was none."""
        return median([end - begin for begin, end in self.steps[1:]] or [0.0])

    def __str__(self) -> str:
        return (
            f"{self.label}: found valid after {seconds(self.checked)}, prefill "
            f"{seconds(self.prefill_s)}, {len(self.steps) - 1} decode steps of about "
            f"{seconds(self.decode_s)}, first event read after {seconds(self.read[0])},"
            f" [DONE] after {seconds(self.read[-1])}"
        )


def journey(run: Journey, *, guess: Guess | None = None) -> Picture:
    """Draw `run` as three lanes on one time axis; `guess`, a time, stands on it."""
    return Picture(TITLE, f"{run}.", partial(_draw, run, guess), table(run))


def table(run: Journey) -> list[list[str]]:
    """When each thing was, and how long the steps took."""
    (began, _), events = run.steps[0], len(run.read)
    return [["what", "after", "takes"], *(
        [what, seconds(after), took]
        for what, after, took in (
            ("the loop hears of it", run.heard, ""),
            ("found valid", run.checked, ""),
            ("prefill begins", began, seconds(run.prefill_s)),
            ("first event written", run.wrote[0], ""),
            ("first event read", run.read[0], ""),
            (f"{len(run.steps) - 1} decode steps, each", run.steps[-1][1],
             seconds(run.decode_s)),
            (f"[DONE] read, event {events}", run.read[-1], ""),
        )
    )]


def _draw(run: Journey, guess: Guess | None, width: int) -> Canvas:
    canvas = Canvas(width)
    names = NAME if canvas.narrow else 0
    end = 1e3 * max(run.read[-1], guess.seconds or 0.0 if guess else 0.0)
    axis = Axis((0, 1.04 * end), 8 if canvas.narrow else 120, width - 70)
    top = canvas.head(TITLE, run.label) + 8
    lanes = [top + names + at * (names + LANE + GAP) for at in range(3)]
    _handed_on(canvas, axis, run, lanes)
    for y, name in zip(lanes, ("client", "event loop", "engine"), strict=True):
        canvas.rect(axis.left, y, axis.right - axis.left, LANE, "band")
        canvas.label(0, y - 9 if canvas.narrow else y + 23, name)
    client, loop, engine = lanes
    canvas.hatch(axis.left, client, axis.at(1e3 * run.read[0]) - axis.left, LANE)
    _marks(canvas, axis, [0.0, run.read[-1]], client, "ink")
    _marks(canvas, axis, run.read[1:-1], client, "token")
    _marks(canvas, axis, run.read[:1], client, "first")
    _marks(canvas, axis, [run.heard, run.checked, run.wrote[-1]], loop, "ink")
    _marks(canvas, axis, run.wrote[:-1], loop, "token")
    for at, (begin, stop) in enumerate(run.steps):
        left = axis.at(1e3 * begin)
        canvas.rect(left, engine, max(axis.at(1e3 * stop) - left, 1.5), LANE,
                    "fill token" if at else "fill first")
    bottom = engine + LANE + 16
    canvas.axis(axis, bottom, "ms", guess)
    legend(canvas, bottom, [
        (_prefill, "prefill"), ("bar", "a decode step"), ("tick", "an event"),
        (_ink, "sent, heard, found valid; [DONE]"), *guessed(guess),
    ])
    return canvas


def _marks(
    canvas: Canvas, axis: Axis, moments: Sequence[float], y: float, kind: str
) -> None:
    places = [axis.at(1e3 * moment) for moment in moments]
    canvas.rows([(x, y, x, y + LANE) for x in places], kind)


def _handed_on(
    canvas: Canvas, axis: Axis, run: Journey, lanes: Sequence[float]
) -> None:
    """Thin lines from lane to lane: who gave what to whom, and when."""
    client, loop, engine = lanes
    down = [(0.0, client, run.heard, loop)]
    down += [(run.checked, loop, run.steps[0][0], engine)]
    up = [(stop, engine, wrote, loop) for (_, stop), wrote
          in zip(run.steps, run.wrote, strict=False)]
    up += [(wrote, loop, read, client) for wrote, read
           in zip(run.wrote, run.read, strict=False)]
    canvas.rows([
        *((axis.at(1e3 * a), y + LANE, axis.at(1e3 * b), z) for a, y, b, z in down),
        *((axis.at(1e3 * a), y, axis.at(1e3 * b), z + LANE) for a, y, b, z in up),
    ], "rule")


def _prefill(canvas: Canvas, x: float, y: float) -> None:
    canvas.rect(x - 12, y - 8, 24, 16, "fill first")


def _ink(canvas: Canvas, x: float, y: float) -> None:
    canvas.line(x, y - 9, x, y + 9, "ink")
