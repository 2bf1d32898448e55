"""A scheduler driven for readers who come and go, and who read at their own speed."""

from collections.abc import Hashable
from typing import Generic, TypeVar

from lab_utils.engine.scheduler import Scheduled, Scheduler
from lab_utils.engine.slots import Request
from lab_utils.tokens import Token

Key = TypeVar("Key", bound=Hashable)


class Driver(Generic[Key]):
    """Runs requests that are known by a key of their owner's; driven by one thread.

    A request has a window: how many more tokens may be made before its reader has read
    some. One whose window is used up keeps its slot and makes nothing for now, so that
    a reader who stops reading costs memory for one window and no more.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._scheduled: dict[Key, Scheduled] = {}

    def __len__(self) -> int:
        """How many requests run or wait."""
        return len(self._scheduled)

    @property
    def keys(self) -> list[Key]:
        """Whose requests run or wait, oldest first; a copy."""
        return list(self._scheduled)

    @property
    def idle(self) -> bool:
        """Whether a step would compute nothing."""
        return self._scheduler.idle

    def add(self, key: Key, request: Request, window: int, turn: int = 0) -> None:
        """Queue `request` behind those of its `turn`; it starts in one of the next
        steps."""
        scheduled = self._scheduled[key] = self._scheduler.add(request, turn)
        scheduled.key, scheduled.window = key, window

    def widen(self, key: Key, tokens: int) -> None:
        """The reader of `key` has read `tokens` more; one who is gone is ignored."""
        if (scheduled := self._scheduled.get(key)) is not None:
            scheduled.window += tokens

    def abort(self, key: Key) -> bool:
        """Forget the request of `key` and free its slot; False if there is none."""
        scheduled = self._scheduled.pop(key, None)
        if scheduled is None:
            return False
        self._scheduler.abort(scheduled)
        return True

    def admit(self) -> list[Key]:
        """Give the free slots to the first in the queue; returns who got one."""
        return [scheduled.key for scheduled in self._scheduler.admit()]

    def step(self) -> list[tuple[Key, Token | Exception]]:
        """Let every request that can make a token make one.

        Returns a token, or the error that ended it, for each that advanced; whoever has
        ended is forgotten.
        """
        made = []
        for scheduled, item in self._scheduler.step():
            scheduled.window -= 1
            if scheduled.ended:
                del self._scheduled[scheduled.key]
            made.append((scheduled.key, item))
        return made
