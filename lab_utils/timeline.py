"""What happened when, seen from the client: the arithmetic of waiting.

All times are in seconds since the request was sent, read from `time.perf_counter`.
The names are the field's own:

- time to first token (TTFT): from sending the request to the first visible token;
- inter-token latency, here "gap": from one visible token to the next;
- tokens per second: (n - 1) / (last - first), since n tokens have n - 1 gaps.
"""

from dataclasses import dataclass, field
from statistics import median


@dataclass(slots=True)
class Ping:
    """One `/health` request: when it was sent, and when it was answered (or None)."""

    sent: float
    answered: float | None = None


@dataclass(slots=True)
class Timeline:
    """One request and the pings beside it.

    label: the server's name. arrivals: when each token became visible; an answer that
    comes whole makes all its tokens visible at once. ended: when the answer was over.
    finish_reason: as the server gave it; None if the client left or it failed.
    """

    label: str
    arrivals: list[float] = field(default_factory=list)
    text: str = ""
    pings: list[Ping] = field(default_factory=list)
    ended: float = 0.0
    finish_reason: str | None = None

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
    def tokens_per_second(self) -> float | None:
        """The rate after the first token; None if all tokens came at one moment."""
        span = self.arrivals[-1] - self.arrivals[0] if self.arrivals else 0.0
        return (len(self.arrivals) - 1) / span if span > 0 else None

    @property
    def slowest_ping_ms(self) -> float | None:
        """The longest wait for `/health`; a ping without an answer has waited until the
        end. None if none was sent."""
        waits = [
            (self.ended if ping.answered is None else ping.answered) - ping.sent
            for ping in self.pings
        ]
        return 1e3 * max(waits) if waits else None
