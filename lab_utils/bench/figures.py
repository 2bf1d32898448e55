"""What was measured of one server, and what is said of it."""

from dataclasses import dataclass, field
from statistics import median

from lab_utils.timeline import percentile


@dataclass(slots=True)
class Figures:
    """One entry per round, pings and first tokens of all rounds together.

    - one, eight: tokens per second of one stream and of eight together, from the first
      token of all to the last;
    - first_ms, first_of_eight_ms: from sending the request to its first token, alone
      and when eight are sent at once (TTFT);
    - health_ms: waits of `/health` pings, sent on a schedule while the eight run;
      idle_ms: the same while nothing runs;
    - freed_ms: from a client's leaving to `/health` saying that no slot is taken;
    - ready_s: from its start to the first 200 of `/health`; None if it ran already;
    - memory_mib: the most that the server's processes held, as seen after each round.
    """

    one: list[float] = field(default_factory=list)
    eight: list[float] = field(default_factory=list)
    first_ms: list[float] = field(default_factory=list)
    first_of_eight_ms: list[float] = field(default_factory=list)
    freed_ms: list[float] = field(default_factory=list)
    health_ms: list[float] = field(default_factory=list)
    idle_ms: list[float] = field(default_factory=list)
    ready_s: float | None = None
    memory_mib: float | None = None

    def summary(self) -> dict[str, float | None]:
        """Medians over rounds; percentiles over all pings and first tokens."""
        return {
            "one": _median(self.one),
            "eight": _median(self.eight),
            "first_ms": _median(self.first_ms),
            "first_of_eight_ms": _median(self.first_of_eight_ms),
            "first_of_eight_p95_ms": percentile(self.first_of_eight_ms, 95),
            "freed_ms": _median(self.freed_ms),
            "health_p50_ms": percentile(self.health_ms, 50),
            "health_p99_ms": percentile(self.health_ms, 99),
            "health_max_ms": percentile(self.health_ms, 100),
            "idle_p99_ms": percentile(self.idle_ms, 99),
            "ready_s": self.ready_s,
            "memory_mib": self.memory_mib,
        }


def _median(values: list[float]) -> float | None:
    return median(values) if values else None
