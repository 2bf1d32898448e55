"""The room's guesses: told by the box, counted by the server, shown on a page."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from ipywidgets import FloatText, HBox

from lab_utils import LabClient, LivePanel, predict
from lab_utils.address import Address
from lab_utils.classroom import room
from lab_utils.classroom.room import add_room, counted
from lab_utils.engine import FakeEngine
from lab_utils.panel import prediction
from tests.support import Served, wait_until


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # for guesses.json


@pytest.fixture
def served() -> Iterator[Served]:
    with Served(FakeEngine("a b c"), api_key="sesame", wrap=add_room) as server:
        yield server


@pytest.fixture
def shared(served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """As a notebook finds it that was told of it by two variables."""
    monkeypatch.setenv("LAB_URL", served.url)
    monkeypatch.setenv("LAB_API_KEY", "sesame")
    return served


def page_of(served: Served) -> str:
    with_key = Address(served.url, api_key="sesame").headers
    found = served.http.get("/guesses", headers=with_key)
    assert found.status_code == 200 and found.headers["Refresh"] == "5"
    return found.text


def guess(served: Served, who: str, question: str, value: float) -> int:
    headers = {"Authorization": "Bearer sesame", "X-Lab-Client": who}
    body = {"question": question, "value": value, "unit": "ms"}
    return served.http.post("/guesses", json=body, headers=headers).status_code


def rows(text: str) -> list[tuple[str, str]]:
    return re.findall(r'"number">([^<]+)</td>.*?</span>(\d+)</td>', text)


def test_each_value_is_counted_and_a_second_guess_replaces_the_first(
    served: Served,
) -> None:
    assert "Nobody has guessed yet." in page_of(served)
    for who, value in [("ann", 50), ("bob", 500), ("cid", 500), ("ann", 500)]:
        assert guess(served, who, "How <slow>?", value) == 204
    guess(served, "ann", "How many?", 7)
    text = page_of(served)
    assert rows(text) == [("7 ms", "1"), ("500 ms", "3")], "the newest question first"
    assert "How &lt;slow&gt;?" in text and "ann" not in text


def test_many_different_guesses_are_rounded_to_fit_a_page() -> None:
    assert counted([100, 50, 100]) == {50: 1, 100: 2}
    many = [1000 + 7 * number for number in range(40)]
    assert counted(many) == {1000: 8, 1100: 14, 1200: 14, 1300: 4}
    assert sum(counted(many).values()) == 40


def test_only_who_has_the_key_guesses_and_looks(served: Served) -> None:
    body = {"question": "q", "value": 1}
    assert served.http.post("/guesses", json=body).status_code == 401
    assert served.http.get("/guesses").status_code == 401


@pytest.mark.parametrize("body", [
    {"question": "", "value": 1}, {"question": "q", "value": "many"},
    {"question": "q" * 201, "value": 1}, {"question": "q"}, [],
])
def test_what_is_no_guess_is_refused(served: Served, body: object) -> None:
    headers = {"Authorization": "Bearer sesame"}
    assert served.http.post("/guesses", json=body, headers=headers).status_code == 422


def test_a_page_that_is_full_says_so(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MOST_QUESTIONS", 1)
    monkeypatch.setattr(room, "MOST_CLIENTS", 2)
    said = [guess(served, who, question, 1) for who, question in
            [("ann", "a"), ("ann", "b"), ("bob", "a"), ("cid", "a"), ("ann", "a")]]
    assert said == [204, 503, 204, 503, 204]


def test_a_guess_in_a_notebooks_box_is_told_to_the_room(
    shared: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes: list[HBox] = []
    monkeypatch.setattr(prediction, "display", boxes.append)
    predict("How slow?", unit="ms", value=50)
    assert rows(page_of(shared)) == [], "what stood in the box was nobody's guess"
    (box,) = [each for each in boxes[0].children if isinstance(each, FloatText)]
    box.value = 700
    wait_until(lambda: rows(page_of(shared)) == [("700 ms", "1")], "it is counted")


def test_a_room_that_cannot_be_reached_disturbs_nobody(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_URL", "http://127.0.0.1:9")
    boxes: list[HBox] = []
    monkeypatch.setattr(prediction, "display", boxes.append)
    guessed = predict("How slow?", unit="ms", value=50)
    boxes[0].children[1].value = 700
    assert guessed.value == 700


def test_one_variable_points_client_and_panel_at_the_rooms_server(
    shared: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LabClient() as client:
        assert client.generate("hi").text == "a b c"
    panel = LivePanel()
    assert panel.generate("hi").join().text == "a b c"
    panel.close()
    monkeypatch.delenv("LAB_URL")
    for make in (LabClient, LivePanel):
        with pytest.raises(ValueError, match="the variable LAB_URL; got neither"):
            make()


def test_the_key_is_for_the_rooms_server_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_API_KEY", "sesame")
    monkeypatch.setenv("LAB_URL", "http://room.example:5000")
    assert "Authorization" in Address("http://room.example:5000").headers
    for other in ("http://room.example:5001", "https://room.example:5000",
                  "http://other.example:5000"):
        assert "Authorization" not in Address(other).headers


def test_without_the_option_there_is_no_such_page() -> None:
    with Served(FakeEngine()) as plain:
        assert plain.http.get("/guesses").status_code == 404
