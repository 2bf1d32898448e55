"""What happened when, seen from the client: the arithmetic of waiting.

All times are in seconds since the request was sent, read from `time.perf_counter`.
The names are the field's own:

- time to first token (TTFT): from sending the request to the first visible token;
- inter-token latency, here "gap": from one visible token to the next;
- tokens per second: (n - 1) / (last - first), since n tokens have n - 1 gaps.

A timeline grows while its request runs, and `until` gives it as it was at any moment
before: what draws a finished run draws a growing one.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from math import ceil
from pathlib import Path
from statistics import median
from typing import Literal, Self

from lab_utils.whole_file import write_json

State = Literal["waiting", "streaming", "complete", "stopped", "failed"]

FORMAT = 1


@dataclass(slots=True)
class Ping:
    """One `/health` request: when it was sent, and when it was answered (or None)."""

    sent: float
    answered: float | None = None


@dataclass(slots=True)
class Timeline:
    """One request and the pings beside it.

    label: the server's name. arrivals: when each token became visible. pieces: the text
    of each; an answer that comes whole makes all its tokens visible at once, and its
    text is that of the first. seen: the moment up to which all this is known.
    ended: when the answer was over; None while it runs. left: when the reader left.
    unread: when tokens were made that nobody read any more. error: why it failed.
    finish_reason: as the server gave it; None if the reader left or it failed.
    expected: how many tokens were asked for. about: model and runner, as `/health`
    names them. pace_ms: how long each step was made to last at least; 0 if it was not.
    """

    label: str
    arrivals: list[float] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    pings: list[Ping] = field(default_factory=list)
    seen: float = 0.0
    ended: float | None = None
    left: float | None = None
    unread: list[float] = field(default_factory=list)
    finish_reason: str | None = None
    error: str = ""
    prompt: str = ""
    expected: int | None = None
    about: str = ""
    pace_ms: float = 0.0

    @property
    def text(self) -> str:
        """What can be read so far."""
        return "".join(self.pieces)

    @property
    def state(self) -> State:
        """How far it is, or how it ended."""
        if self.error:
            return "failed"
        if self.left is not None:
            return "stopped"
        if self.ended is not None:
            return "complete"
        return "streaming" if self.arrivals else "waiting"

    @property
    def ttft_ms(self) -> float | None:
        """Time to first token in milliseconds; None before it came."""
        return 1e3 * self.arrivals[0] if self.arrivals else None

    @property
    def gaps_ms(self) -> list[float]:
        """The n - 1 gaps between n tokens, in milliseconds."""
        pairs = zip(self.arrivals, self.arrivals[1:], strict=False)
        return [1e3 * (later - earlier) for earlier, later in pairs]

    @property
    def median_gap_ms(self) -> float | None:
        """The median gap; None for fewer than two tokens."""
        return median(self.gaps_ms) if self.gaps_ms else None

    @property
    def p95_gap_ms(self) -> float | None:
        """The gap that 95 of 100 do not exceed; None for fewer than two gaps."""
        gaps = self.gaps_ms
        return percentile(gaps, 95) if len(gaps) > 1 else None

    @property
    def tokens_per_second(self) -> float | None:
        """The rate after the first token; None if all tokens came at one moment."""
        span = self.arrivals[-1] - self.arrivals[0] if self.arrivals else 0.0
        return (len(self.arrivals) - 1) / span if span > 0 else None

    @property
    def waits_ms(self) -> list[float]:
        """How long each ping waited; one without an answer has waited until `seen`."""
        ends = [
            self.seen if ping.answered is None else ping.answered for ping in self.pings
        ]
        return [
            1e3 * max(end - ping.sent, 0)
            for end, ping in zip(ends, self.pings, strict=True)
        ]

    @property
    def slowest_ping_ms(self) -> float | None:
        """The longest wait for `/health`; None if no ping was sent."""
        return max(self.waits_ms, default=None)

    @property
    def unanswered(self) -> int:
        """How many pings wait for an answer."""
        return sum(ping.answered is None for ping in self.pings)

    @property
    def expected_s(self) -> float:
        """How long a paced answer takes if all its tokens are made; 0 if unknown."""
        return (self.expected or 0) * self.pace_ms / 1e3

    def until(self, now: float) -> "Timeline":
        """The timeline as it was at `now`; a copy, also of one that is growing."""
        arrivals = [moment for moment in list(self.arrivals) if moment <= now]
        over = self.ended is not None and self.ended <= now
        return Timeline(
            self.label,
            arrivals=arrivals,
            pieces=list(self.pieces)[: len(arrivals)],
            pings=[
                Ping(ping.sent, _before(ping.answered, now))
                for ping in list(self.pings)
                if ping.sent <= now
            ],
            seen=min(now, self.seen) if self.ended is not None else now,
            ended=_before(self.ended, now),
            left=_before(self.left, now),
            unread=[moment for moment in list(self.unread) if moment <= now],
            finish_reason=self.finish_reason if over else None,
            error=self.error if over else "",
            prompt=self.prompt,
            expected=self.expected,
            about=self.about,
            pace_ms=self.pace_ms,
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to `path` as JSON."""
        save([self], path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read the one timeline that `path` holds; `ValueError` if it holds others."""
        timelines = load(path)
        if len(timelines) != 1:
            raise ValueError(
                f"expected one timeline in {path}; it holds {len(timelines)}: read "
                "them with lab_utils.timeline.load."
            )
        return cls(**{name: getattr(timelines[0], name) for name in cls.__slots__})


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest of `values` that `percent` % of them do not exceed (nearest rank):
    always one that was measured. None if there are no values."""
    if not values:
        return None
    rank = max(1, ceil(len(values) * percent / 100))
    return sorted(values)[rank - 1]


def _before(moment: float | None, now: float) -> float | None:
    return moment if moment is not None and moment <= now else None


def save(timelines: Sequence[Timeline], path: str | os.PathLike[str]) -> None:
    """Write `timelines` to `path` as JSON, whole or not at all."""
    content = {"format": FORMAT, "timelines": [asdict(each) for each in timelines]}
    write_json(_rounded(content), path)


def load(path: str | os.PathLike[str]) -> list[Timeline]:
    """Read what `save` wrote; `ValueError` if the file holds something else."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}")
        return [
            Timeline(**{**fields, "pings": [Ping(**ping) for ping in fields["pings"]]})
            for fields in content["timelines"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"expected timelines written by lab_utils.timeline.save in {path}; got "
            f"something else ({error}). Record the run again."
        ) from error


def _rounded(content: object) -> object:
    """A tenth of a millisecond is finer than what a reader's clock can tell."""
    if isinstance(content, float):
        return round(content, 4)
    if isinstance(content, dict):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_rounded(value) for value in content]
    return content
