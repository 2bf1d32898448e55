"""What notebook 05 tries with the reader's `wait`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab_utils.lessons.your_turn import NotYet, check_written

ENDLESS = 300
SOON = 6
"""After so many looks at it, a server has started or a thread has ended; after so many,
a `wait` would go on for ever."""

Wait = Callable[["Pretended", "Pretended", Sequence[BaseException]], None]


class Endless(BaseException):
    """Ends a `wait` that would go on for ever; no `except Exception` catches it."""


@dataclass(slots=True)
class Pretended:
    """A server and its thread in one, since `wait` only looks. Its time goes on with
    each look: `starts` and `ends` say with which one the server has started and the
    thread has ended; None for never."""

    starts: int | None = None
    ends: int | None = None
    looks: int = 0

    @property
    def started(self) -> bool:
        """As uvicorn's."""
        return self._look(self.starts)

    def is_alive(self) -> bool:
        """As a thread's."""
        return not self._look(self.ends)

    def join(self, timeout: float | None = None) -> None:
        """As a thread's, and over at once."""
        self._look(None)

    def _look(self, moment: int | None) -> bool:
        self.looks += 1
        if self.looks > ENDLESS:
            raise Endless
        return moment is not None and self.looks >= moment


def check_wait(wait: Wait) -> None:
    """Say what is wrong with it, or that it holds; raises NotYet."""
    check_written(wait)
    _starts(wait)
    _dies(wait)
    print("✓ wait: 2 of 2 servers, one starts and one dies")


def _starts(wait: Wait) -> None:
    slow = Pretended(starts=SOON)
    try:
        wait(slow, slow, [])
    except Endless:
        raise NotYet("The server has started, and it still waits.") from None
    except RuntimeError as error:
        raise NotYet(f"The server was still starting, its thread alive, and wait "
                     f"raised {error!r}. Raise only when the thread has ended."
                     ) from error
    if slow.looks < SOON:
        raise NotYet("wait returned before the server had started: whoever asks now "
                     "finds nobody.")


def _dies(wait: Wait) -> None:
    dead = Pretended(ends=SOON)
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
