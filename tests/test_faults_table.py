"""The table of faults, the tests that cite its rows, and what they saw agree."""

from collections import Counter

import pytest

from tests.faults.table import (
    HELD,
    TESTS,
    cited,
    names_of_tests,
    on_page,
    pairs,
    promised,
    rows,
)

PLACES = {"thread", "executor", "process", "all", "notebook"}


def test_every_row_that_a_test_cites_is_in_the_table() -> None:
    known = {int(row[1]) for row in rows()}
    assert [name for name in names_of_tests() if not cited(name) <= known] == []


def test_the_table_says_of_each_row_whether_it_has_tests() -> None:
    has_tests = {number for name in names_of_tests() for number in cited(name)}
    assert len(has_tests) > 40
    assert {int(row[1]): row[5] for row in rows()} == {
        int(row[1]): "yes" if int(row[1]) in has_tests else "open" for row in rows()
    }


def test_the_table_is_in_order_and_names_places_that_there_are() -> None:
    numbers = Counter(int(row[1]) for row in rows())
    assert list(numbers) == sorted(numbers) and set(numbers.values()) == {1}
    assert all(set(row[4].strip().split(", ")) <= PLACES for row in rows())


def test_every_runner_that_a_row_names_has_a_test_there(
    request: pytest.FixtureRequest,
) -> None:
    items = request.session.items
    files = {item.path for item in items}
    missing = [path for path in TESTS.rglob("test_*.py") if path not in files]
    if missing:
        pytest.skip("only who collects all tests knows them")
    covered = {pair for item in items for pair in pairs(item)}
    assert [pair for pair in promised() if pair not in covered] == []


def test_the_page_of_what_was_seen_has_every_promise_and_each_held() -> None:
    seen = on_page(HELD.read_text(encoding="utf-8").splitlines())
    assert seen == dict.fromkeys(promised(), "yes"), (
        "run `python -m tests.faults.table`"
    )


def test_a_name_may_cite_one_row_or_several() -> None:
    assert cited("test_row_01_a_stream_ends") == {1}
    assert cited("test_row_36_38_40_a_wrong_value_is_refused") == {36, 38, 40}
    assert cited("test_a_row_of_40") == set()
    with pytest.raises(ValueError, match="test_row_NN"):
        cited("test_row_one_a_stream_ends")
