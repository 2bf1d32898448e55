"""A request on both sides: read on the event loop, filled from the engine's side."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from time import perf_counter

from lab_utils.engine import Request
from lab_utils.runners.errors import Overloaded, TimedOut
from lab_utils.tokens import Token


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much; in seconds, bytes and tokens. Set by `create_app`.

    body_bytes: the largest request body. queue_s: the longest wait for a slot.
    request_s: the longest a request may take in all. reader_s: how long a client may
    stop reading. unread_tokens: how many tokens may wait for it meanwhile. stall_s: a
    step that takes longer than this, and than 20 times the slowest step so far, means
    that the engine hangs. comment_s: the longest silence on an open stream.
    """

    body_bytes: int = 1_000_000
    queue_s: float = 30
    request_s: float = 300
    reader_s: float = 30
    unread_tokens: int = 256
    stall_s: float = 10
    comment_s: float = 15


class Job:
    """The tokens of one admitted request, read on the event loop that made it.

    Iterating ends after the last token, or raises what ended the request: an exception
    of the engine, or a `RunnerError`.

    id: its number in its runner. client: whose it is, "" for nobody in particular.
    turn: low ones begin first. admitted: when it was counted in (`perf_counter`);
    begun: when its first token, or what ended it, came from the engine.
    prompt_tokens: how many the prompt has. request: the checked prompt, where the
    engine runs in this process. started: whether it holds a slot. All three are set by
    the runner. cancelled: nobody reads it any more. left: told once when that is so.
    """

    request: Request
    prompt_tokens: int

    def __init__(
        self, id: int, limits: Limits, left: Callable[["Job"], None], client: str = ""
    ) -> None:
        self.id = id
        self.client = client
        self.turn = 0
        self.admitted = self.begun = perf_counter()
        self.limits = limits
        self.started = False
        self.cancelled = False
        self.loop = asyncio.get_running_loop()
        self._left = left
        self._items: asyncio.Queue[Token | Exception] = asyncio.Queue()
        self._done = False
        # Counters, each changed by one thread only; the queue's own size lags behind
        # while the loop is busy.
        self._made = 0
        self._read = 0
        self._told = 0
        self._full_since: float | None = None
        self._timer = self.loop.call_later(limits.queue_s, self._expire)

    def __aiter__(self) -> AsyncIterator[Token]:
        return self

    async def __anext__(self) -> Token:
        """Wait for the next token."""
        if self._done:
            raise StopAsyncIteration
        item = await self._items.get()
        self._read += 1
        if isinstance(item, Exception):
            self._done = True
            raise item
        self._done = item.finish_reason is not None
        return item

    def cancel(self) -> None:
        """Give back its place at once while it waits, its slot before the next step.

        Call it any number of times; whoever submits must make sure that it is called in
        the end.
        """
        self._timer.cancel()
        if not self.cancelled:
            self.cancelled = True
            self._left(self)

    def _expire(self) -> None:
        if not self.started:
            self.cancel()
            self.push(Overloaded(f"no slot was free within {self.limits.queue_s:g} s"))

    # From here on: called from the engine's side.

    def push(self, item: Token | Exception) -> None:
        """Hand `item` to the reader; a plain `put_nowait` would not wake its loop."""
        self._made += 1
        if self._made == 1:
            self.begun = perf_counter()
        self.call(self._items.put_nowait, item)

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Have the reader's loop call `function` soon."""
        # A loop that was closed meanwhile has no reader left.
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(function, *args)

    @property
    def is_full(self) -> bool:
        """Whether so many tokens lie unread that no more should be made for now."""
        return self._made - self._read >= self.limits.unread_tokens

    def newly_read(self) -> int:
        """How many tokens were read since this said so last; it speaks of no fewer than
        half of what may lie unread, to keep such messages rare."""
        count = self._read - self._told
        if 2 * count < self.limits.unread_tokens:
            return 0
        self._told += count
        return count

    def overdue(self) -> TimedOut | None:
        """The error that ends this request now, if it broke one of its limits; asked
        before each step."""
        now, limits = perf_counter(), self.limits
        self._full_since = (self._full_since or now) if self.is_full else None
        if now - self.admitted > limits.request_s:
            return TimedOut(f"the request took over {limits.request_s:g} s")
        if self._full_since is not None and now - self._full_since > limits.reader_s:
            return TimedOut(f"nothing was read for {limits.reader_s:g} s")
        return None
