"""What notebook 06 tries with the reader's `diagnose`."""

from collections.abc import Callable
from functools import wraps
from typing import NamedTuple

from lab_utils.lessons.your_turn import Case, check
from lab_utils.timeline import Ping, Timeline

TOKENS = 30


class Patient(NamedTuple):
    """What a run looks like, in the words of the three looks."""

    late: bool = False
    dead: bool = False
    together: bool = False
    left: bool = False

    def run(self, pace: float = 0.05) -> Timeline:
        """Such a run, at `pace` seconds per token."""
        first = TOKENS * pace if self.late else pace
        step = 0 if self.together else pace
        arrivals = [first + step * at for at in range(4 if self.left else TOKENS)]
        ended = arrivals[-1]
        sent = [ended * at / 20 for at in range(20)]
        return Timeline(
            "", arrivals, ended=ended, seen=ended, left=ended if self.left else None,
            pings=[Ping(at, ended if self.dead else at + ended / 1000) for at in sent],
        )


CASES = [
    Case(Patient(left=True), "cancelled", "The reader left: `run.left` says when."),
    Case(Patient(), "streaming",
         "The first token is early, the rest follows evenly, `/health` lives: nothing "
         "is wrong."),
    Case(Patient(dead=True), "frozen",
         "The text flows, so only the pings can tell: `dead` comes before anything "
         "else is said."),
    Case(Patient(late=True, together=True, dead=True), "blocking",
         "Nothing to read until the end, and `/health` is dead all the while."),
    Case(Patient(late=True, together=True), "buffered",
         "`/health` lives, and all tokens come at one moment: somebody kept them."),
    Case(Patient(late=True), "queued",
         "It began late, but then the tokens came one by one: it was made for this "
         "reader, after somebody else's."),
]


def check_diagnose(diagnose: Callable[[Timeline], str]) -> None:
    """Say what is wrong with it, or that it holds; raises NotYet.

    Each patient comes at two paces, since a slow model is no illness.
    """

    @wraps(diagnose)
    def named(patient: Patient) -> str:
        quick, slow = (diagnose(patient.run(pace)) for pace in (0.002, 1.0))
        return quick if quick == slow else f"{quick}, and {slow} when it is slow"

    check(named, CASES)
