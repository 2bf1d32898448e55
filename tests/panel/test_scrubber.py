"""The slider over a recorded run, and the box for a guess."""

import json
from pathlib import Path
from typing import Any

import pytest
from ipywidgets import Dropdown, Play

from lab_utils import predict, scrub
from lab_utils.panel import prediction
from lab_utils.timeline import Ping, Timeline, load
from tests.panel.page import body, found

RUN = Timeline(
    "x", arrivals=[1.0, 2.0, 3.0], pieces=["one", " two", " three"],
    pings=[Ping(0.5, 0.51), Ping(2.5, 2.51)], seen=4.0, ended=4.0, expected=3,
)
RECORDING = Path(__file__).parents[2] / "notebooks/recordings/tinyllama-1.1b.json"


def test_the_slider_shows_the_run_as_it_was() -> None:
    view = scrub(RUN)
    assert view.seek(0.0)[0].state == "waiting"
    (then,) = view.seek(2.5)
    assert then.text == "one two" and abs(view.now - 2.5) < 0.02
    assert "one two" in body(view) and "three" not in body(view)
    assert view.seek(99)[0].text == "one two three"
    assert "as a table" in body(view)


def test_the_future_is_empty() -> None:
    view = scrub([RUN, RUN])
    view.seek(1.5)
    now = body(view).index('class="now"')
    assert now and body(view).count("first token 1") >= 2


def test_a_second_of_the_recording_lasts_a_second_or_what_the_speed_says() -> None:
    view = scrub(RUN)

    def seconds() -> float:
        play = found(view, Play)
        return float(play.max / play.step * play.interval / 1e3)

    assert seconds() == pytest.approx(view.extent, rel=0.1)
    for speed in (0.1, 0.5, 2.0, 10.0):
        found(view, Dropdown).value = speed
        assert seconds() == pytest.approx(view.extent / speed, rel=0.02)


def test_nothing_to_scrub_says_so() -> None:
    with pytest.raises(ValueError, match="at least one timeline"):
        scrub([])


def test_the_shipped_recording_is_the_story_of_the_series() -> None:
    blocked, streamed = load(RECORDING)
    assert blocked.about.startswith("random:tinyllama-1.1b") and not blocked.pace_ms
    assert len(blocked.arrivals) == len(streamed.arrivals) == 100
    assert blocked.ttft_ms and streamed.ttft_ms and streamed.ended
    assert blocked.ttft_ms > 20 * streamed.ttft_ms
    assert blocked.slowest_ping_ms and streamed.slowest_ping_ms
    assert blocked.slowest_ping_ms > 100 * streamed.slowest_ping_ms


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_guess_has_a_value_before_anybody_types(here: Path) -> None:
    guess = predict("How slow?", unit="ms", value=50)
    assert (guess.value, guess.unit, guess.seconds) == (50, "ms", 0.05)
    assert not list(here.iterdir()), "nothing is written for a guess nobody changed"


def test_a_changed_guess_survives_a_restart(here: Path, monkeypatch: Any) -> None:
    boxes: list[Any] = []
    monkeypatch.setattr(prediction, "display", boxes.append)
    guess = predict("How slow?", unit="ms", value=50)
    boxes[0].children[1].value = 700
    assert guess.value == 700
    assert predict("How slow?", unit="ms", value=50).value == 700
    assert predict("How fast?", unit="ms", value=50).value == 50
    assert json.loads((here / "guesses.json").read_text()) == {"How slow? (50)": 700}
    assert predict("How slow?", unit="ms", value=60).value == 60, "who edits the cell"


def test_a_broken_file_of_guesses_is_no_obstacle(here: Path) -> None:
    (here / "guesses.json").write_text("{")
    assert predict("How slow?", unit="tokens", value=50).seconds is None
