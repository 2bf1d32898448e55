"""One prompt to several servers, on one time axis: the picture of the whole series."""

import asyncio
import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from time import sleep
from typing import Any

from IPython.display import display
from ipywidgets import HTML

from lab_utils import registry
from lab_utils.panel import views
from lab_utils.panel.live import FRAME_S, STOP_S
from lab_utils.plots import Picture, lanes
from lab_utils.plots.guess import Guess
from lab_utils.plots.lanes import extent_for
from lab_utils.recording import Recording
from lab_utils.server import BackgroundServer
from lab_utils.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Lane:
    """One contestant: its name in the picture, its server, and how it is asked.

    label: what stands before a comma is printed bold, what follows below it.
    model, api_key: for a server in OpenAI's format, as in `LabClient`.
    """

    label: str
    server: BackgroundServer | str
    stream: bool = True
    model: str | None = None
    api_key: str | None = None

    @property
    def url(self) -> str:
        """Where its server answers."""
        return self.server if isinstance(self.server, str) else self.server.url


def race(
    prompt: str,
    entrants: Sequence[Lane],
    *,
    title: str = "The same prompt, the same model",
    guess: Guess | None = None,
    **params: Any,
) -> "Race":
    """Show a race and start it; returns at once. params: the fields of `/generate`.

    Paced servers run at the same time: they only wait. Others would take the processor
    from each other, so they run one after the other, drawn from a shared zero.
    """
    contest = Race(prompt, entrants, title=title, guess=guess, **params)
    display(contest)
    return contest.start()


class Race:
    """A race that is shown by ending a cell with it; the arguments are `race`'s.

    `timelines` grow while it runs. `join()` or await it to get them when it is over.
    """

    def __init__(
        self, prompt: str, entrants: Sequence[Lane], *, title: str,
        guess: Guess | None = None, **params: Any,
    ) -> None:
        if not entrants:
            raise ValueError("expected at least one Lane to race; got none.")
        registry.replace_previous()
        self.guess, self.title = guess, title
        self.widget = HTML()
        self._recordings = [
            Recording(lane.url, prompt, label=lane.label, stream=lane.stream,
                      every=None, model=lane.model, api_key=lane.api_key, **params)
            for lane in entrants
        ]
        self._extent = extent_for(0)
        self._stopped = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="lab-panel", daemon=True)
        self._paint()
        registry.add(self, self._leave, self.close)

    @property
    def timelines(self) -> list[Timeline]:
        """One for each lane, in their order."""
        return [recording.timeline for recording in self._recordings]

    @property
    def is_running(self) -> bool:
        """Whether one of them still runs."""
        return self._thread.is_alive()

    def start(self) -> "Race":
        """Send the requests; returns at once."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Leave all requests."""
        self._stopped.set()
        for recording in self._recordings:
            recording.stop()

    def close(self) -> None:
        """Leave what runs and take the picture off the page."""
        registry.remove(self)
        self._leave()
        self.widget.close()

    def join(self, timeout: float | None = None) -> list[Timeline]:
        """Wait for the end; an interrupt leaves all requests. Raises what a request
        raised, and `TimeoutError`."""
        try:
            self._thread.join(timeout)
        except KeyboardInterrupt:
            self.stop()
            raise
        if self._thread.is_alive():
            raise TimeoutError(f"the race was not over within {timeout} s.")
        if self._error is not None:
            raise self._error
        return self.timelines

    def __await__(self) -> Generator[Any, None, list[Timeline]]:
        return self._wait().__await__()

    async def _wait(self) -> list[Timeline]:
        try:
            return await asyncio.to_thread(self.join)
        except asyncio.CancelledError:
            self.stop()
            raise

    def figure(self) -> Picture:
        """The race as a still picture."""
        return lanes(self.timelines, title=self.title, guess=self.guess)

    def _ipython_display_(self) -> None:
        display(self.widget)

    def _leave(self) -> None:
        """Stop, and wait until the last frame is drawn."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def _run(self) -> None:
        try:
            first, *others = self._recordings
            first.start()
            together = first.timeline.pace_ms > 0
            for recording in others:
                if not together:
                    self._follow()
                if not self._stopped.is_set():
                    recording.start()
            self._follow()
            for recording in self._recordings:
                if recording.was_started:
                    recording.join()
        except BaseException as error:
            self._error = error

    def _follow(self) -> None:
        """Draw until everybody who has started has ended."""
        while any(each.was_started and each.is_running for each in self._recordings):
            self._paint()
            sleep(FRAME_S)
        self._paint()

    def _paint(self) -> None:
        moments = [recording.now for recording in self._recordings]
        runs = [
            run.until(now) for run, now in zip(self.timelines, moments, strict=True)
        ]
        now = max(moments)
        expected = max(run.expected_s for run in runs)
        self._extent = max(self._extent, extent_for(now, expected))
        self.widget.value = views.lineup(
            runs, self.title, self._extent, now, self.guess
        )
