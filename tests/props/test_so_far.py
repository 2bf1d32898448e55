"""Catching up: what is missing is made, what is there stays, what stopped starts."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from lab_utils import BackgroundServer, LivePanel, create_app, stop_all
from lab_utils.engine import FakeEngine
from lab_utils.lessons.so_far import catch_up


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    stop_all()


def test_what_is_missing_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    catch_up(names, "01", "perf_counter pieces")
    assert list(names) == ["perf_counter", "pieces"]
    assert b'"a"' in next(names["pieces"](FakeEngine("a b")))
    assert capsys.readouterr().out == "catch up: made perf_counter, pieces\n"


def test_what_is_there_stays_whatever_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names: dict[str, Any] = {"pieces": None, "spans": "mine"}
    catch_up(names, "01", "pieces spans")
    assert names == {"pieces": None, "spans": "mine"}
    assert capsys.readouterr().out == "catch up: you have all you need\n"


def test_what_is_made_is_made_from_the_learner_s_own() -> None:
    passes: list[Any] = []
    names: dict[str, Any] = {"passes": passes}
    catch_up(names, "02", "quick_answer tokenizer")
    names["quick_answer"](names["tokenizer"].encode("Once upon"), 3)
    assert [n for n, _ in passes] == [2, 1, 1]
    assert names["passes"] is passes


def test_what_something_is_made_from_is_there_too() -> None:
    names: dict[str, Any] = {}
    catch_up(names, "02", "push")
    assert sorted(names) == ["model", "passes", "push"]


def test_a_running_server_stays_and_a_stopped_one_starts_again() -> None:
    server = BackgroundServer(create_app(FakeEngine())).start()
    names: dict[str, Any] = {"server": server}
    url = server.url
    catch_up(names, "06", "server")
    assert server.url == url
    server.stop()
    catch_up(names, "06", "server")
    assert names == {"server": server} and server.is_running


def test_a_panel_without_its_server_is_made_anew_around_the_same_app() -> None:
    server = BackgroundServer(create_app(FakeEngine("a b"))).start()
    mine = LivePanel(server)
    names: dict[str, Any] = {"server": server, "panel": mine}
    catch_up(names, "06", "panel")
    assert names["panel"] is mine
    server.stop()
    catch_up(names, "06", "panel")
    assert names["panel"] is not mine and names["server"] is server
    assert names["panel"].generate("Hi").join().text == "a b"


def test_a_function_with_gaps_is_missing() -> None:
    def parse(chunks: Any) -> Any:
        return ...

    names: dict[str, Any] = {"parse": parse}
    catch_up(names, "03", "parse")
    assert list(names["parse"]([b"data: a\n\n"])) == ["a"]


def test_a_name_that_the_notebook_does_not_make_is_an_error() -> None:
    with pytest.raises(LookupError, match=re.escape("how 'soup' is made")):
        catch_up({}, "01", "soup")
