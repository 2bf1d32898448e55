"""One request, watched: its tokens and a row of `/health` pings become a `Timeline`."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from time import perf_counter
from typing import Any, Self

import httpx

from lab_utils.address import HEALTH, MODELS, Address
from lab_utils.client import LabClient
from lab_utils.pings import finish, ping, pinging_client
from lab_utils.timeline import Timeline

PING_EVERY_S = 0.05
PINGS_SHOWN = 40
SETTLE_S = 1.0
"""How long the pings of a recording may still be answered when its request is over."""

ABOUT_S = 1.0


class Recording:
    """One request and its pings, in a thread of their own; `timeline` grows meanwhile.

    url: of the server; model, api_key: as in `LabClient`. stream: whether to ask for
    the answer token by token. every: seconds from one ping to the next; None, for a
    picture, sends about forty in the time that a paced answer is expected to take.
    leave_after: the reader leaves after so many tokens. on_token: called, in that
    thread, with each piece of text as it arrives. params: the fields of `/generate`.

    `start()` it, then `join()` it or await it: both return the timeline. `stop()`
    leaves the request as a closed browser tab would.
    """

    def __init__(
        self,
        url: str,
        prompt: str,
        *,
        label: str = "",
        stream: bool = True,
        every: float | None = PING_EVERY_S,
        leave_after: int | None = None,
        on_token: Callable[[str], None] | None = None,
        model: str | None = None,
        api_key: str | None = None,
        **params: Any,
    ) -> None:
        self.timeline = Timeline(
            label or url, prompt=prompt, expected=params.get("max_tokens")
        )
        self._address = Address(url, model, api_key)
        self._health = HEALTH
        self._fields = {"prompt": prompt, **params}
        self._stream = stream
        self._every = every
        self._leave_after = leave_after
        self._on_token = on_token
        self._done: Future[Timeline] = Future()
        self._sent = threading.Event()
        self._started = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._answer: asyncio.Task[None] | None = None
        self._thread = threading.Thread(
            target=self._run, name="lab-recording", daemon=True
        )

    @property
    def is_running(self) -> bool:
        """Whether the request or one of its pings still waits."""
        return not self._done.done()

    @property
    def was_started(self) -> bool:
        """Whether the request was sent."""
        return self._thread.ident is not None

    @property
    def now(self) -> float:
        """Seconds since the request was sent; stands still when the answer is over."""
        if self.timeline.ended is not None or not self._started:
            return self.timeline.seen
        return perf_counter() - self._started

    def start(self) -> Self:
        """Send the request; returns at once."""
        self._thread.start()
        self._sent.wait()
        return self

    def stop(self) -> None:
        """Leave the request, if it still runs."""
        if self._loop is not None and self._answer is not None:
            with contextlib.suppress(RuntimeError):  # the loop has closed: it is over
                self._loop.call_soon_threadsafe(self._answer.cancel)

    def join(self, timeout: float | None = None) -> Timeline:
        """Wait for the end; an interrupt leaves the request. Raises `TimeoutError`, or
        what the request raised: `lab_utils.client.LabError`."""
        try:
            return self._done.result(timeout)
        except KeyboardInterrupt:
            self.stop()
            raise

    def __await__(self) -> Generator[Any, None, Timeline]:
        return self._wait().__await__()

    async def _wait(self) -> Timeline:
        try:
            return await asyncio.wrap_future(self._done)
        except asyncio.CancelledError:
            self.stop()
            raise

    def _run(self) -> None:
        self._done.set_running_or_notify_cancel()  # from here on it cannot be cancelled
        try:
            asyncio.run(self._record())
        except BaseException as error:
            self._sent.set()
            self._done.set_exception(error)
        else:
            self._done.set_result(self.timeline)

    async def _record(self) -> None:
        timeline = self.timeline
        self._loop = asyncio.get_running_loop()
        await self._look_around()
        self._started = perf_counter()
        pinger = asyncio.create_task(
            ping(self._address, self._schedule(), self._started, timeline.pings,
                 self._health)
        )
        self._answer = asyncio.create_task(self._read())
        self._sent.set()
        try:
            await self._answer
        except asyncio.CancelledError:
            timeline.left = self._elapsed()
        except Exception as error:
            timeline.error = str(error)
            raise
        finally:
            timeline.ended = timeline.seen = self._elapsed()
            await finish(pinger, SETTLE_S)
            timeline.seen = self._elapsed()

    async def _read(self) -> None:
        timeline, address = self.timeline, self._address
        client = LabClient(address.url, model=address.model, api_key=address.api_key)
        if not self._stream:
            answer = await client.agenerate(**self._fields)
            timeline.pieces = [answer.text] + [""] * (answer.completion_tokens - 1)
            timeline.arrivals = [self._elapsed()] * answer.completion_tokens
            timeline.finish_reason = answer.finish_reason
            return
        async with contextlib.aclosing(client.astream(**self._fields)) as tokens:
            async for token in tokens:
                timeline.finish_reason = token.finish_reason
                if token.is_end_alone:
                    continue
                timeline.pieces.append(token.text)
                timeline.arrivals.append(self._elapsed())
                if self._on_token is not None:
                    self._on_token(token.text)
                if len(timeline.arrivals) == self._leave_after:
                    timeline.left = self._elapsed()
                    return

    def _schedule(self) -> float:
        if self._every is not None:
            return self._every
        return max(PING_EVERY_S, self.timeline.expected_s / PINGS_SHOWN)

    def _elapsed(self) -> float:
        return perf_counter() - self._started

    async def _look_around(self) -> None:
        """Ask who it is; one that does not answer at once is not waited for."""
        with contextlib.suppress(httpx.HTTPError, ValueError):
            async with pinging_client(self._address, ABOUT_S) as client:
                response = await client.get(HEALTH)
            if self._address.lacks(response):
                self._health = MODELS
            self._note(response)


    def _note(self, response: httpx.Response) -> None:
        """What `/health` says of model and runner, if it says so."""
        body, timeline = response.json(), self.timeline
        said = [body.get(name) for name in ("model", "runner")]
        said[0] = said[0] or self._address.model
        known = [str(each) for each in said if each]
        timeline.about = " · ".join(known)
        timeline.pace_ms = pace_ms(response)


def pace_ms(response: httpx.Response) -> float:
    """The pace in a `Server-Timing` header (W3C); 0 where nothing is said."""
    _, _, pace = response.headers.get("Server-Timing", "").partition("pace;dur=")
    return float(pace or 0)


def record(url: str, prompt: str, **options: Any) -> Timeline:
    """Send `prompt` to the server at `url`, ping its `/health` meanwhile, and return
    when what happened; the options are `Recording`'s."""
    return Recording(url, prompt, **options).start().join()
