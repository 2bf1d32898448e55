"""The live panel: a prompt, the text as it arrives, and beside it what happened when.

The truth is a `Timeline` that a `Recording` fills in a thread of its own. A second
thread draws it ten times a second; the buttons only start and stop. So it does not
matter which thread runs a button's callback, and drawing never delays a token.
"""

import threading
from time import sleep
from typing import Any

from IPython.display import display
from ipywidgets import (
    HTML,
    BoundedFloatText,
    BoundedIntText,
    Box,
    Button,
    Checkbox,
    HBox,
    Label,
    Text,
    VBox,
)

from lab_utils import registry
from lab_utils.address import some_url
from lab_utils.panel import views
from lab_utils.panel.tooltip import named
from lab_utils.plots import Picture, lanes
from lab_utils.plots.guess import Guess
from lab_utils.plots.lanes import extent_for
from lab_utils.recording import Recording
from lab_utils.server import BackgroundServer
from lab_utils.timeline import Timeline

FRAME_S = 0.1
STOP_S = 2.0


class LivePanel:
    """A panel for one server.

    server: a `BackgroundServer`, or the URL of a server: one with the same routes, or,
        ending in `/v1`, any that speaks OpenAI's format, such as vLLM, SGLang or
        llama.cpp's; None takes the URL in `LAB_URL`. model, api_key: for such a one, as
        in `LabClient`.
    prompt, max_tokens, temperature, stream: what stands in the boxes at first.
    guess: drawn into the picture, see `predict`.

    Display it by ending a cell with it. What its buttons do can be called: `generate`
    returns a `Recording` to be joined or awaited, `stop` leaves it. `timeline` is the
    last run.
    """

    def __init__(
        self,
        server: BackgroundServer | str | None = None,
        *,
        prompt: str = "Tell me a story.",
        max_tokens: int = 120,
        temperature: float = 0.7,
        stream: bool = True,
        guess: Guess | None = None,
        model: str | None = None,
        api_key: str | None = None,
    ) -> None:
        registry.replace_previous()
        self.url = (server.url if isinstance(server, BackgroundServer)
                    else some_url(server))
        self._model, self._api_key = model, api_key
        self.timeline = Timeline("")
        self.guess = guess
        self._recording: Recording | None = None
        self._painter: threading.Thread | None = None
        self._extent = extent_for(0)
        self._spoken, self._has_ended = 0, True
        self._prompt = named(Text(prompt, placeholder="prompt", layout={
            "flex": "1 1 240px", "width": "auto"}), "prompt")
        self._max_tokens = BoundedIntText(max_tokens, min=1, max=100_000,
                                          layout={"width": "76px"})
        self._temperature = BoundedFloatText(temperature, min=0, max=2, step=0.1,
                                             layout={"width": "68px"})
        self._stream = Checkbox(stream, description="stream", indent=False,
                                layout={"width": "92px"})
        self._start = Button(description="Generate", button_style="primary",
                             layout={"width": "112px"})
        self._stop = Button(description="■ Stop", disabled=True,
                            tooltip="leave the request", layout={"width": "92px"})
        self._body, self._speech = HTML(), HTML()
        self._start.on_click(lambda _: self.generate())
        self._stop.on_click(lambda _: self.stop())
        self.widget = self._arrange()
        self._paint()
        registry.add(self, self._leave, self.close)

    @property
    def is_running(self) -> bool:
        """Whether a request of it runs."""
        return self._recording is not None and self._recording.is_running

    def generate(self, prompt: str | None = None, **params: Any) -> Recording:
        """Send what stands in the boxes, or `prompt` and `params`, the fields of
        `/generate`; a request that still runs is left first.

        Returns at once. `join()` or await what it returns to get the timeline, or the
        error that the panel shows as a line.
        """
        self._leave()
        fields = self._fields(prompt, params)
        recording = Recording(
            self.url, label="tokens", every=None, model=self._model,
            api_key=self._api_key, **fields,
        )
        self._recording, self.timeline = recording, recording.timeline
        self._spoken, self._has_ended = 0, False
        self._stop.disabled = False
        recording.start()
        self._extent = extent_for(0, self.timeline.expected_s)
        self._painter = threading.Thread(
            target=self._follow, args=(recording,), name="lab-panel", daemon=True
        )
        self._painter.start()
        return recording

    def stop(self) -> None:
        """Leave the request that runs, as a reader does who closes the page."""
        if self._recording is not None:
            self._recording.stop()

    def close(self) -> None:
        """Leave what runs and take the panel off the page."""
        registry.remove(self)
        self._leave()
        self.widget.close()

    def figure(self) -> Picture:
        """The last run as a still picture."""
        return lanes(self.timeline, guess=self.guess, gaps=True)

    def _ipython_display_(self) -> None:
        display(self.widget)

    def _arrange(self) -> VBox:
        settings = Box(
            [Label("max tokens"), self._max_tokens, Label("temperature"),
             self._temperature, self._stream],
            layout={"flex_flow": "row wrap"},
        )
        return VBox([
            Box([self._prompt, HBox([self._start, self._stop])],
                layout={"flex_flow": "row wrap"}),
            settings, self._body, self._speech,
        ])

    def _fields(self, prompt: str | None, params: dict[str, Any]) -> dict[str, Any]:
        """The boxes, after what was given has been written into them."""
        if prompt is not None:
            self._prompt.value = prompt
        for name, box in (("max_tokens", self._max_tokens), ("stream", self._stream),
                          ("temperature", self._temperature)):
            if name in params:
                box.value = params[name]
        return {
            **params,
            "prompt": self._prompt.value,
            "max_tokens": params.get("max_tokens", self._max_tokens.value),
            "temperature": params.get("temperature", self._temperature.value),
            "stream": self._stream.value,
        }

    def _follow(self, recording: Recording) -> None:
        try:
            while recording.is_running:
                self._paint()
                sleep(FRAME_S)
            self._paint()
        except Exception as error:  # nobody joins this thread: the page must say it
            recording.stop()
            self._body.value = views.trouble(error)
        self._stop.disabled = True

    def _paint(self) -> None:
        now = self._recording.now if self._recording else 0.0
        run = self.timeline.until(now)
        if now > self._extent:
            self._extent = extent_for(now)
        self._body.value = views.panel(run, self._extent, now, self.guess)
        self._speak(run)

    def _speak(self, run: Timeline) -> None:
        """Hand whole sentences to the screen reader, each once; at the end the rest."""
        over = run.ended is not None
        end = len(run.text) if over else views.last_sentence_end(run.text)
        if end > self._spoken or (over and not self._has_ended):
            words = run.text[self._spoken:end]
            self._spoken, self._has_ended = end, over
            said = f"{words} {views.status(run)}" if over else words
            self._speech.value = views.speech(said)

    def _leave(self) -> None:
        """Stop, and wait until the last frame is drawn."""
        self.stop()
        painter = self._painter
        if painter is not None and painter is not threading.current_thread():
            painter.join(STOP_S)
