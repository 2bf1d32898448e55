"""What notebook 05 tries with the reader's `wait`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from lab_utils.lessons.your_turn import NotYet, has_gaps

ENDLESS_S = 1.0
SOON_S = 0.05

Wait = Callable[["Pretended", "Pretended", Sequence[BaseException]], None]


class Endless(BaseException):
    """Ends a `wait` that would go on for ever; no `except Exception` catches it."""


@dataclass(slots=True)
class Pretended:
    """A server and its thread in one, since `wait` only looks: when it has started and
    when its thread has ended, in seconds; None for never."""

    starts: float | None = None
    ends: float | None = None
    began: float = 0.0

    @property
    def started(self) -> bool:
        """As uvicorn's."""
        return self._is_past(self.starts)

    def is_alive(self) -> bool:
        """As a thread's."""
        return not self._is_past(self.ends)

    def join(self, timeout: float | None = None) -> None:
        """As a thread's, and over at once."""
        self._is_past(None)

    def _is_past(self, moment: float | None) -> bool:
        now = monotonic() - self.began
        if now > ENDLESS_S:
            raise Endless
        return moment is not None and now >= moment


def check_wait(wait: Wait) -> None:
    """Say what is wrong with it, or that it holds; raises NotYet."""
    if has_gaps(wait):
        raise NotYet("wait still has a `...` in it. Write yours, or run the folded "
                     "cell below it to go on with a solution.")
    _starts(wait)
    _dies(wait)
    print("✓ wait: 2 of 2 servers, one starts and one dies")


def _starts(wait: Wait) -> None:
    slow = Pretended(starts=SOON_S, began=monotonic())
    try:
        wait(slow, slow, [])
    except Endless:
        raise NotYet("The server has started, and it still waits.") from None
    except RuntimeError as error:
        raise NotYet(f"The server was still starting, its thread alive, and wait "
                     f"raised {error!r}. Raise only when the thread has ended."
                     ) from error
    if not slow.started:
        raise NotYet("wait returned before the server had started: whoever asks now "
                     "finds nobody.")


def _dies(wait: Wait) -> None:
    dead = Pretended(ends=SOON_S, began=monotonic())
    try:
        wait(dead, dead, [OSError("the port is taken")])
    except Endless:
        raise NotYet("The thread has ended, and it waits for ever. Ask in each round "
                     "whether the thread is alive.") from None
    except RuntimeError as error:
        if "the port is taken" in str(error):
            return
        raise NotYet(f"It raised {error!r}, which does not say why. Put `errors` into "
                     "the text.") from error
    raise NotYet("The thread has ended, no server ever started, and wait returned as "
                 "if all was well. Raise a RuntimeError.")
