"""The programs that hold the lessons' conventions find what breaks them."""

from pathlib import Path

import pytest

from tests.lessons import facts, test_catch_up, test_in_order, test_your_turn
from tests.lessons.lesson import Lesson
from tests.lessons.made_up import lesson


def test_a_catch_up_of_other_names_is_found(tmp_path: Path) -> None:
    catch = ("from lab_utils.lessons.so_far import catch_up\n"
             "catch_up(globals(), '09', {})")
    later = [("md", "## 9.2 Two · core, 2 minutes"), ("code", "def f():\n    return x")]
    for names, wrong in ("'x'", []), ("'x y'", ["9.2 must catch up on exactly: x"]):
        catch_up = ("catch-up", catch.format(names))
        made = lesson(tmp_path, ("code", "x = y = 1"), later[0], catch_up, later[1])
        assert list(test_catch_up.wrong_catch_ups(made)) == wrong


def test_a_name_from_nowhere_is_found(tmp_path: Path) -> None:
    cells = [
        ("code", "for a in [1]:\n    a\nb = [c for c in [a]]"),
        ("catch-up", "import json"), ("code", "json, late"), ("code", "late = b"),
    ]
    assert list(test_catch_up.out_of_nowhere(lesson(tmp_path, *cells))) == [
        "9.1 uses json", "9.1 uses late",
    ]


def test_another_guess_is_put_into_a_cell() -> None:
    cells = {
        "my_guess = 4": "my_guess = 13",
        "my_order = 'A0 B0'\nmy_guess = 'a'": "my_order = 'B0 A0'\nmy_guess = 'b'",
        "my_names = {'A': 'x'}": "my_names = {'A': 'b'}",
        "guess = 4  # theirs": "guess = 4  # theirs",
    }
    for source, otherwise in cells.items():
        assert test_in_order.guessed_otherwise(source) == otherwise


def test_a_cell_that_cannot_run_twice_is_found(tmp_path: Path) -> None:
    lesson(tmp_path, ("code", "x = [1]"), ("code", "assert x.pop() == 1"))
    with pytest.raises(AssertionError, match=r"cell 3 .*once more"):
        test_in_order.walk(Lesson("09", tmp_path))


def test_a_catch_up_that_changes_a_name_is_found(tmp_path: Path) -> None:
    lesson(tmp_path, ("code", "x = [1]"), ("catch-up", "x = [1]; y = 2"))
    with pytest.raises(AssertionError, match=r"cell 3 (?s:.*)new=.*'y'.*other=.*'x'"):
        test_in_order.walk(Lesson("09", tmp_path))


def test_claims_are_found_and_questions_are_none(tmp_path: Path) -> None:
    text = (
        "It never ends (see 9.1). Is it 4?\n\n1. See notebook 08.\n2. A loop\n"
        "needs `f(3)`. It has\n30 items!\n\n**Predict:** 5 or 6.\n\n**Next:** 10."
    )
    found = list(facts.claims(lesson(tmp_path, ("md", text))))
    assert found == ["It never ends (see 9.1).", "It has 30 items!"]


def test_a_fact_that_nothing_backs_is_found(tmp_path: Path) -> None:
    made = lesson(
        tmp_path,
        ("md", "It never ends. It is one. One is 1."),
        ("code", "assert x == 1\nassert y == 2"),
        ("code", "x = 1"),
        ("code", "print(x)"),
    )
    name = "test_a_fact_that_nothing_backs_is_found"
    here = f"tests/lessons/{Path(__file__).name}::{name}"
    good = [
        facts.asserted("c3", "never ends", by="y == 2"),
        facts.output("c5", "It is one"),
        facts.link("https://docs.python.org/3/", "One is 1"),
        facts.tested(here, "One is"),
    ]
    assert [*facts.wrong_entries(made, good), *facts.unlisted(made, good)] == []
    assert list(facts.unlisted(made, good[1:])) == ["not listed: It never ends."]
    bad = {
        facts.asserted("c3", "never ends"): "name one",
        facts.asserted("c3", "never ends", by="z"): "0 asserts",
        facts.asserted("c4", "never ends"): "0 asserts",
        facts.asserted("c9", "never ends"): "no code cell",
        facts.output("c4", "never ends"): "shows nothing",
        facts.output("c5", "It"): "2 sentences",
        facts.output("c5", "gone"): "0 sentences",
        facts.link("http://docs.python.org/3/", "never ends"): "no https page",
        facts.link("https://blog.example.org/", "never ends"): "no https page",
        facts.tested(here + "_x", "never ends"): "no such test",
    }
    for entry, message in bad.items():
        [wrong] = facts.wrong_entries(made, [entry])
        assert message in wrong
    assert facts.too_many_exempt([facts.exempt(facts.ANALOGY, "never ends")])


def test_a_turn_that_is_not_as_agreed_is_found(tmp_path: Path) -> None:
    cells = [
        ("your-turn", "def f():\n    ..."),
        ("solution", f"{test_your_turn.FIRST}\ndef g(): return 1"),
        ("code", "print(f())"),
    ]
    _, *code = lesson(tmp_path, *cells).section("9.1").cells
    stub, folded, check = code
    wrong = test_your_turn.wrong_turn(stub, folded, check)
    assert [text.split(") ")[1][:9] for text in wrong] == [
        "is no fol", "defines [", "calls no ",
    ]
