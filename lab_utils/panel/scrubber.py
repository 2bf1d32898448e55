"""A slider over a recorded run: the same picture on every machine, without a server."""

from collections.abc import Sequence

from IPython.display import display
from ipywidgets import HTML, Box, Dropdown, IntSlider, Label, Play, VBox, jslink

from lab_utils.panel import views
from lab_utils.panel.tooltip import named
from lab_utils.plots import Picture, lanes
from lab_utils.plots.guess import Guess
from lab_utils.plots.lanes import extent_of
from lab_utils.timeline import Timeline

PLACES = 200
"""How many places the slider has; an arrow key moves it by one."""

FRAME_MS = 100
SPEEDS = (0.1, 0.5, 1.0, 2.0, 10.0)


def scrub(
    timeline: Timeline | Sequence[Timeline], *, title: str = "",
    guess: Guess | None = None,
) -> "Scrubber":
    """Show `timeline`, or several on one axis, under a slider that moves *now*."""
    scrubber = Scrubber(timeline, title=title, guess=guess)
    display(scrubber)
    return scrubber


class Scrubber:
    """What `scrub` shows; `seek` does what the slider does."""

    def __init__(
        self, timeline: Timeline | Sequence[Timeline], *, title: str = "",
        guess: Guess | None = None,
    ) -> None:
        if isinstance(timeline, Timeline):
            timeline = [timeline]
        self.timelines = list(timeline)
        if not self.timelines:
            raise ValueError("expected at least one timeline to scrub; got none.")
        self.title, self.guess = title, guess
        self.extent = extent_of(self.timelines)
        self._body = HTML()
        self._slider = named(IntSlider(0, 0, PLACES, readout=False,
                                       layout={"flex": "1 1 200px"}), "now")
        self._play = Play(min=0, max=PLACES, interval=FRAME_MS, show_repeat=False)
        self._speed = named(Dropdown(
            options=[(f"× {speed:g}", speed) for speed in SPEEDS], value=1.0,
            layout={"width": "84px"}), "speed")
        jslink((self._play, "value"), (self._slider, "value"))
        self._slider.observe(lambda change: self._paint(), "value")
        self._speed.observe(lambda change: self._set_speed(), "value")
        self._set_speed()
        self._paint()
        self.widget = VBox([
            Box([self._play, self._slider, Label("speed"), self._speed],
                layout={"flex_flow": "row wrap", "align_items": "center"}),
            self._body,
        ])

    @property
    def now(self) -> float:
        """Where the slider stands, in seconds since the request was sent."""
        return float(self.extent * self._slider.value / PLACES)

    def seek(self, seconds: float) -> list[Timeline]:
        """Move the slider; returns the timelines as they were at that moment."""
        place = round(PLACES * seconds / self.extent)
        self._slider.value = min(max(place, 0), PLACES)
        return self.moment()

    def moment(self) -> list[Timeline]:
        """The timelines as they were where the slider stands."""
        return [run.until(self.now) for run in self.timelines]

    def figure(self) -> Picture:
        """The whole recording as a still picture."""
        return lanes(self.timelines, title=self.title, guess=self.guess)

    def _ipython_display_(self) -> None:
        display(self.widget)

    def _set_speed(self) -> None:
        """So many places per frame, and so long a frame, that a second of the recording
        lasts a second divided by the speed."""
        place_ms = 1e3 * self.extent / PLACES / self._speed.value
        self._play.step = max(1, round(FRAME_MS / place_ms))
        self._play.interval = round(self._play.step * place_ms)

    def _paint(self) -> None:
        runs = self.moment()
        if len(runs) == 1:
            self._body.value = views.panel(runs[0], self.extent, self.now, self.guess)
        else:
            self._body.value = views.lineup(
                runs, self.title, self.extent, self.now, self.guess
            )
