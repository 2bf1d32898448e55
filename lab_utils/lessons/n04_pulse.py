"""How late an event loop is: one strip per server, a mark per beat of its heart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from lab_utils.plots.canvas import NARROW, Axis, Canvas, milliseconds
from lab_utils.plots.guess import Guess
from lab_utils.plots.picture import Picture
from lab_utils.timeline import Timeline

TITLE = "How late is the loop?"

BEAT_S = 0.02
"""From one beat to the next, on a loop that is never late."""

LATENESS_MS = (0.1, 2_000.0)
RULES = ((0.1, "0.1 ms"), (1, ""), (10, "10 ms"), (100, ""), (1_000, "1 s"))
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
    narrow = width <= NARROW
    words = 46 if narrow else 0
    top = 84 if narrow else 60
    each = words + STRIP + GAP
    bottom = top + len(pulses) * each
    end = max((pulse.ended for pulse in pulses), default=1.0) + 0.15
    axis = Axis((-0.15, end), 62 if narrow else 262, width - 40)
    guessed = [pulse for pulse in pulses if pulse.guess is not None]
    canvas = Canvas(width, bottom)
    canvas.text(0, 22, TITLE, "bold", size=18 if narrow else 20)
    said = ["a mark per beat, higher = later", "shaded: an answer is being made"]
    for at, line in enumerate(said if narrow else [" · ".join(said)]):
        canvas.text(0, 46 + 24 * at, line, "soft")
    for at, pulse in enumerate(pulses):
        y = top + at * each
        _words(canvas, pulse, y, narrow)
        _strip(canvas, axis, pulse, y + words)
    canvas.time_axis(axis, bottom + 2)
    canvas.height = 14 + canvas.legend(bottom + 58, [
        ("dot", "a beat in time"), ("late", "a late beat: due to came"),
        *([("guess", "your guess" + "es" * (len(guessed) > 1))] if guessed else []),
    ])
    return canvas


def _words(canvas: Canvas, pulse: Pulse, y: float, narrow: bool) -> None:
    peak = f"latest beat {milliseconds(pulse.peak_ms)}"
    beats = f"{pulse.came} of {pulse.expected} beats"
    health = f"/health {milliseconds(pulse.run.slowest_ping_ms)}"
    if narrow:
        canvas.text(0, y + 17, pulse.label, "bold")
        canvas.text(0, y + 38, f"{peak} · {beats} · {health}", "soft", size=15)
        return
    canvas.text(0, y + 20, pulse.label, "bold")
    for at, said in enumerate((peak, beats, health)):
        canvas.text(0, y + 44 + 23 * at, said, "soft", size=16)


def _strip(canvas: Canvas, axis: Axis, pulse: Pulse, y: float) -> None:
    scale = Axis(LATENESS_MS, y + STRIP, y, log=True)
    left = axis.at(0)
    canvas.rect(left, y, axis.at(pulse.ended) - left, STRIP, "band")
    for value, words in RULES:
        canvas.line(axis.left, scale.at(value), axis.right, scale.at(value), "rule")
        canvas.text(axis.left - 6, scale.at(value) + 5, words, "soft", size=15,
                    anchor="end")
    lines: list[tuple[float, float, float, float]] = []
    for due, came in pulse.since_sent:
        if came < axis.low or due > axis.high:
            continue
        x, height = axis.at(due), scale.at(1e3 * (came - due))
        if came - due <= BEAT_S:
            canvas.dot(x, height, "alive", 3.2)
            continue
        canvas.dot(x, height, "late", 4)
        end = axis.at(came)
        lines += [(x, height, end, height), (end, height - 5, end, height + 5)]
    canvas.rows(lines, "late")
    if pulse.guess is not None and pulse.guess.seconds is not None:
        canvas.guess(axis.right + 16, scale.at(1e3 * pulse.guess.seconds))
