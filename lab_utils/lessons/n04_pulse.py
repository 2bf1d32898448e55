"""How late an event loop is: one strip per server, a mark per beat of its heart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from lab_utils.plots.axis import Axis
from lab_utils.plots.canvas import Canvas, Marks
from lab_utils.plots.guess import Guess
from lab_utils.plots.legend import guessed, legend
from lab_utils.plots.picture import Picture
from lab_utils.plots.text import milliseconds
from lab_utils.timeline import Timeline

TITLE = "How late is the loop?"

BEAT_S = 0.02
"""From one beat to the next, on a loop that is never late."""

MARGIN_S = 0.15
"""How much of the time before and after the answer is drawn."""

LATENESS_MS = (0.1, 2_000.0)
RULES = {0.1: "0.1 ms", 1.0: "", 10.0: "10 ms", 100.0: "", 1_000.0: "1 s"}
STRIP, GAP = 104, 22
"""Heights in pixels."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """The heartbeat of one server's loop while it streamed one answer.

    label: the server's name. beats: when each beat was due and when it came, in
    `perf_counter` seconds. sent: when the request was sent, by the same clock. run: the
    request and its `/health` pings, in seconds since then. guess: what the reader
    expected as the latest beat.
    """

    label: str
    beats: Sequence[tuple[float, float]]
    sent: float
    run: Timeline
    guess: Guess | None = None

    @property
    def ended(self) -> float:
        """The end of the answer, in seconds since the request was sent."""
        return self.run.ended or self.run.seen

    @property
    def since_sent(self) -> list[tuple[float, float]]:
        """The beats, due and came, in seconds since the request was sent."""
        return [(due - self.sent, came - self.sent) for due, came in self.beats]

    @property
    def peak_ms(self) -> float:
        """How late the latest beat of the answer's time was, in milliseconds."""
        beats = [
            came - due for due, came in self.since_sent if came > 0 and due < self.ended
        ]
        return 1e3 * max(beats, default=0.0)

    @property
    def came(self) -> int:
        """How many beats came while the answer was made."""
        return sum(0 < came <= self.ended for _, came in self.since_sent)

    @property
    def expected(self) -> int:
        """How many beats a loop that is never late would have had."""
        return round(self.ended / BEAT_S)

    def __str__(self) -> str:
        return (
            f"{self.label}: {self.came} of {self.expected} beats came, the latest "
            f"{milliseconds(self.peak_ms)} late; slowest /health "
            f"{milliseconds(self.run.slowest_ping_ms)}"
        )


def heartbeat(pulses: Pulse | Iterable[Pulse]) -> Picture:
    """Draw `pulses` as strips on one time axis, lateness upwards on a log axis."""
    strips = [pulses] if isinstance(pulses, Pulse) else list(pulses)
    said = ". ".join(map(str, strips)) + "."
    return Picture(TITLE, said, partial(_draw, strips), table(strips))


def table(pulses: Sequence[Pulse]) -> list[list[str]]:
    """The figures of each strip, one row each."""
    head = ["", "latest beat", "beats that came", "of", "slowest /health"]
    return [head, *(
        [pulse.label, milliseconds(pulse.peak_ms), str(pulse.came),
         str(pulse.expected), milliseconds(pulse.run.slowest_ping_ms)]
        for pulse in pulses
    )]


def _draw(pulses: list[Pulse], width: int) -> Canvas:
    canvas = Canvas(width)
    names = 46 if canvas.narrow else 0
    said = ["a mark per beat, higher = later", "shaded: an answer is being made"]
    top = canvas.head(TITLE, *(said if canvas.narrow else [" · ".join(said)]))
    each = names + STRIP + GAP
    bottom = top + len(pulses) * each + 2
    end = max((pulse.ended for pulse in pulses), default=1.0) + MARGIN_S
    axis = Axis((-MARGIN_S, end), 62 if canvas.narrow else 262, width - 40)
    for at, pulse in enumerate(pulses):
        _words(canvas, pulse, top + at * each)
        _strip(canvas, axis, pulse, top + at * each + names)
    canvas.axis(axis, bottom)
    legend(canvas, bottom, [
        ("dot", "a beat in time"), ("late", "a late beat: due to came"),
        *guessed(*(pulse.guess for pulse in pulses)),
    ])
    return canvas


def _words(canvas: Canvas, pulse: Pulse, y: float) -> None:
    said = [f"latest beat {milliseconds(pulse.peak_ms)}",
            f"{pulse.came} of {pulse.expected} beats",
            f"/health {milliseconds(pulse.run.slowest_ping_ms)}"]
    if canvas.narrow:
        said = [" · ".join(said)]
    canvas.label(0, y + (17 if canvas.narrow else 20), pulse.label, *said)


def _strip(canvas: Canvas, axis: Axis, pulse: Pulse, y: float) -> None:
    scale = Axis(LATENESS_MS, y + STRIP, y, log=True)
    left = axis.at(0)
    canvas.rect(left, y, axis.at(pulse.ended) - left, STRIP, "band")
    canvas.levels(axis, scale, RULES)
    late: Marks = []
    for due, came in pulse.since_sent:
        if came < axis.low or due > axis.high:
            continue
        x, height = axis.at(due), scale.at(1e3 * (came - due))
        in_time = came - due <= BEAT_S
        canvas.dot(x, height, "alive" if in_time else "late", 3.2 if in_time else 4)
        if not in_time:
            end = axis.at(came)
            late += [(x, height, end, height), (end, height - 5, end, height + 5)]
    canvas.rows(late, "late")
    if pulse.guess is not None and pulse.guess.seconds is not None:
        canvas.guess(axis.right + 16, scale.at(1e3 * pulse.guess.seconds))
