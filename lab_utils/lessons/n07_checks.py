"""What notebook 07 tries with the reader's `fair_ratio`."""

from collections.abc import Callable
from dataclasses import dataclass

from lab_utils.lessons.your_turn import NotYet, check_written

Measure = Callable[[], float]
FairRatio = Callable[[Measure, Measure, int], float]

RIGHT = 2.0
CLOSE = 0.1
ROUNDS = 5


@dataclass(slots=True)
class Machine:
    """A pretended computer on which `a` takes twice as long as `b`.

    slower: by how much it gets slower with every measurement. hiccup: which one
    (counted from 1) takes twenty times as long. loading: how many times as long the
    very first one takes.
    """

    slower: float = 0.0
    hiccup: int = 0
    loading: float = 1.0
    count: int = 0

    def a(self) -> float:
        """Twice as long as `b`."""
        return 2 * self.b()

    def b(self) -> float:
        """Ten, times what the machine does just now."""
        self.count += 1
        took = 10 * (1 + self.slower * self.count)
        took *= 20 if self.count == self.hiccup else 1
        return took * (self.loading if self.count == 1 else 1)


CASES = [
    (Machine(), ROUNDS, "This computer is perfect. Divide a by b."),
    (Machine(loading=9.0), 1,
     "The very first measurement also pays for loading. Measure each once before you "
     "count."),
    (Machine(slower=0.1), ROUNDS,
     "The computer got slower and slower meanwhile, and that became b's fault. Take "
     "turns: a b, a b, …"),
    (Machine(hiccup=5), ROUNDS,
     "One hiccup, twenty times as long, decided it. Take the median, which one odd "
     "value cannot move."),
]


def check_fair_ratio(fair_ratio: FairRatio) -> None:
    """Say what is wrong with it, or that it holds; raises NotYet."""
    check_written(fair_ratio)
    for machine, rounds, idea in CASES:
        machine.count = 0
        found = fair_ratio(machine.a, machine.b, rounds)
        if not isinstance(found, float) or abs(found / RIGHT - 1) > CLOSE:
            shown = f"{found:.2f}" if isinstance(found, float) else repr(found)
            raise NotYet(
                f"a takes 2.00 times as long as b; yours says {shown}.\n{idea}"
            )
    print(f"✓ fair_ratio: {len(CASES)} of {len(CASES)} computers")
