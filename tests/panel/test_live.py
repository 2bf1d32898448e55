"""The panel: everything a button does can be called, and nothing is left behind."""

import asyncio
import re
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from ipywidgets import BoundedFloatText, BoundedIntText, Button, Checkbox, Text

from lab_utils import (
    BackgroundServer,
    LivePanel,
    create_app,
    record,
    registry,
    stop_all,
)
from lab_utils.baselines import create_flask_app
from lab_utils.client import RequestRefused, ServerGone, StreamFailed
from lab_utils.engine import FakeEngine
from lab_utils.panel import views
from lab_utils.plots.guess import Guess
from tests.panel.page import body, found, speech
from tests.support import Cell, Serve, endless, wait_until

CARET = '<span class="lab-caret">'


@pytest.fixture
def panel(serve: Serve) -> Iterator[Any]:
    """Make a panel for an engine, closed at the end."""
    panels: list[LivePanel] = []

    def make(engine: Any, **options: Any) -> LivePanel:
        server = serve(engine) if not isinstance(engine, str) else engine
        url = server if isinstance(server, str) else server.url
        panels.append(LivePanel(url, **options))
        return panels[-1]

    yield make
    for each in panels:
        each.close()


def shown(panel: LivePanel) -> str:
    return body(panel)


def test_generate_shows_the_text_while_it_arrives(panel: Any) -> None:
    live = panel(FakeEngine(["word "] * 90, step_ms=20))
    recording = live.generate("hi", max_tokens=60)
    lengths = []
    for _ in range(3):
        before = shown(live).count("word")
        more = partial(lambda old: shown(live).count("word") > old, before)
        wait_until(more, "more text")
        lengths.append(shown(live).count("word"))
    assert lengths == sorted(set(lengths)) and CARET in shown(live)
    timeline = recording.join()
    assert timeline is live.timeline and timeline.text == "word " * 60
    wait_until(lambda: CARET not in shown(live), "the caret is gone")
    assert "reached max tokens" in shown(live) and "60 / 60" in shown(live)


def test_stop_ends_the_request_and_frees_its_slot(serve: Serve, panel: Any) -> None:
    engine = endless()
    served = serve(engine)
    live = panel(served.url)
    recording = live.generate("hi", max_tokens=90_000)
    wait_until(lambda: len(live.timeline.arrivals) > 5, "tokens")
    live.stop()
    timeline = recording.join()
    assert timeline.state == "stopped" and timeline.left is not None
    wait_until(lambda: "the reader left" in shown(live), "it says so")
    served.until_free()
    made = engine.made
    assert made < 90_000 and served.client.generate("hi", max_tokens=3)
    assert engine.made == made + 3, "nobody works for a reader who left"


def test_generating_again_leaves_what_still_runs(panel: Any) -> None:
    live = panel(endless())
    first = live.generate("hi", max_tokens=90_000)
    second = live.generate("hi", max_tokens=5)
    assert first.join().state == "stopped"
    assert len(second.join().arrivals) == 5


def test_the_buttons_do_what_the_methods_do(panel: Any) -> None:
    live = panel(endless())
    found(live, Text).value, found(live, BoundedIntText).value = "from the box", 90_000
    stop = found(live, Button, "Stop")
    found(live, Button, "Generate").click()
    wait_until(lambda: len(live.timeline.arrivals) > 2, "tokens")
    assert live.timeline.prompt == "from the box" and not stop.disabled
    stop.click()
    wait_until(lambda: stop.disabled, "stopped")
    assert live.timeline.state == "stopped"


def test_what_was_called_for_stands_in_the_boxes(panel: Any) -> None:
    live = panel(FakeEngine("a b"))
    timeline = live.generate("hi", max_tokens=7, temperature=0.5, stream=False).join()
    kinds = (Text, BoundedIntText, BoundedFloatText, Checkbox)
    assert [found(live, kind).value for kind in kinds] == ["hi", 7, 0.5, False]
    assert len(set(timeline.arrivals)) == 1 and timeline.text == "a b"


async def waited(live: LivePanel) -> Any:
    return await live.generate("hi")


def test_a_run_can_be_awaited(panel: Any) -> None:
    assert asyncio.run(waited(panel(FakeEngine("a b")))).text == "a b"


def test_a_server_that_is_gone_is_a_readable_line_and_an_error(panel: Any) -> None:
    with BackgroundServer(create_app(FakeEngine())) as server:
        url = server.url
    live = panel(url)
    with pytest.raises(ServerGone):
        live.generate("hi").join()
    wait_until(lambda: "failed: the server at" in shown(live), "the line")
    assert "Traceback" not in shown(live) and live.timeline.state == "failed"


def test_a_refusal_is_a_readable_line_and_an_error(panel: Any) -> None:
    live = panel(FakeEngine())
    with pytest.raises(RequestRefused, match="422: seed"):
        live.generate("hi", seed=-1).join()
    wait_until(lambda: "failed: the server answered 422" in shown(live), "the line")


def test_a_full_server_is_a_readable_line(serve: Serve, panel: Any) -> None:
    served = serve(endless(), max_batch=1, max_queue=0)
    tokens = served.client.stream("hi")
    next(tokens)
    live = panel(served.url)
    with pytest.raises(RequestRefused, match="503"):
        live.generate("hi").join()
    wait_until(lambda: "try again in a moment" in shown(live), "the line")
    tokens.close()


def test_a_failure_in_the_middle_keeps_the_text_and_says_so(panel: Any) -> None:
    live = panel(FakeEngine("a b c d", fail_at=3))
    with pytest.raises(StreamFailed):
        live.generate("hi").join()
    wait_until(lambda: "failed: the stream failed" in shown(live), "the line")
    assert live.timeline.text == "a b c"


def test_a_blocked_server_shows_waiting_pings(serve: Serve, panel: Any) -> None:
    flask = serve(create_flask_app(FakeEngine(["x "] * 40, step_ms=20)))
    live = panel(flask.url)
    timeline = live.generate("hi", max_tokens=40, stream=False).join()
    waits = timeline.waits_ms
    assert max(waits) > timeline.ttft_ms / 2
    wait_until(lambda: "lab-figure late" in shown(live), "drawn as late")


def test_a_panel_that_cannot_draw_says_so_and_leaves(
    serve: Serve, panel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve(endless())
    live = panel(served.url)

    def fail(*_: object) -> str:
        raise RuntimeError("<no ink>")

    monkeypatch.setattr(views, "panel", fail)
    recording = live.generate("hi", max_tokens=90_000)
    assert recording.join().state == "stopped"
    wait_until(lambda: "could not draw" in shown(live), "the line")
    assert "&lt;no ink&gt;" in shown(live)
    served.until_free()


def test_a_guess_is_drawn(panel: Any) -> None:
    live = panel(FakeEngine(), guess=Guess("When?", 300, "ms"))
    assert "your guess: 300 ms" in shown(live)
    assert "your guess: 300 ms" in live.figure().svg()


@pytest.mark.parametrize("text", ["<img src=x onerror=alert(1)>", "</style><script>x()",
                                  "\x1b[31mred", "a\x00b"])
@pytest.mark.runner("notebook")
def test_row_58_output_is_shown_as_text(panel: Any, text: str) -> None:
    live = panel(FakeEngine([text]))
    live.generate("hi").join()
    wait_until(lambda: "complete" in shown(live) or "cut off" in shown(live), "the end")
    for mark in ("<img", "<script>", "\x1b", "\x00"):
        assert mark not in shown(live)
    assert live.timeline.text == text


@pytest.mark.runner("notebook")
def test_row_58_a_line_of_a_megabyte_does_not_choke_the_page(panel: Any) -> None:
    live = panel(FakeEngine(["x" * 1_000_000, "end"]))
    live.generate("hi").join()
    wait_until(lambda: "xend" in shown(live), "the newest text")
    assert len(shown(live)) < 50_000 and "characters before this" in shown(live)
    assert len(live.timeline.text) == 1_000_003, "the timeline has it all"


def test_sentences_are_spoken_once_and_whole(panel: Any) -> None:
    live = panel(FakeEngine("One two. Three four. Five", step_ms=60))
    spoken: list[str] = []
    speech(live).observe(lambda change: spoken.append(change["new"]), "value")
    live.generate("hi").join()
    wait_until(lambda: "complete" in speech(live).value, "how it ended")
    words = " ".join(re.sub("<style>.*?</style>|<[^>]*>", "", each, flags=re.S)
                     for each in spoken)
    assert " ".join(words.split()).startswith("One two. Three four. Five")
    assert words.count("One two.") == 1
    assert len(spoken) <= 4, "per sentence, not per token"


def test_a_cell_run_again_takes_its_old_panel_away(serve: Serve, cell: Cell) -> None:
    served = serve(endless())
    cell("panel")
    old = LivePanel(served.url)
    recording = old.generate("hi", max_tokens=90_000)
    cell("panel")
    new = LivePanel(served.url)
    assert recording.join().state == "stopped"
    served.until_free()
    assert old.widget.comm is None and new.widget.comm is not None


def test_stop_all_leaves_the_last_frame_on_the_page(serve: Serve, cell: Cell) -> None:
    live = LivePanel(serve(FakeEngine("a b")).url)
    live.generate("hi").join()
    stop_all()
    assert live.widget.comm is not None and "a b" in shown(live)


def test_stop_all_ends_requests_and_their_threads(serve: Serve) -> None:
    live = LivePanel(serve(endless()).url)
    live.generate("hi", max_tokens=90_000)
    wait_until(lambda: len(live.timeline.arrivals) > 2, "tokens")
    assert live in registry.running()
    stop_all()
    wait_until(lambda: not live.is_running, "ended")
    names = [thread.name for thread in threading.enumerate()]
    assert "panel" not in names


@pytest.mark.timed
def test_drawing_costs_the_run_nothing_that_shows(serve: Serve) -> None:
    served = serve(FakeEngine(["x "] * 100, step_ms=10))
    live = LivePanel(served.url)
    ratios = []
    for _ in range(3):
        bare = record(served.url, "hi", max_tokens=100)
        drawn = live.generate("hi", max_tokens=100).join()
        assert bare.median_gap_ms and drawn.median_gap_ms
        ratios.append(drawn.median_gap_ms / bare.median_gap_ms)
    live.close()
    assert sorted(ratios)[1] < 2


def test_the_same_request_is_not_asked_for_twice_at_the_start(panel: Any) -> None:
    engine = FakeEngine("a b")
    live = panel(engine)
    assert engine.made == 0 and "ready" in shown(live)


def test_what_a_view_says_of_how_it_ended() -> None:
    assert views.last_sentence_end("One. Two") == 4
    assert views.last_sentence_end("3.5 is") == 0
