"""The learner's own version is used, the solution only while there is none."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from lab_utils.lessons.n03_checks import CASES, check_parse
from lab_utils.lessons.n03_ruler import read_events
from lab_utils.lessons.your_turn import Case, NotYet, check, has_gaps, solution
from tests.lessons.lesson import Lesson

STUB = "def twice(n):\n    result = ...  # yours\n    return result"
MINE = "def twice(n):\n    return n + n"
SOLUTION = (
    "from lab_utils.lessons.your_turn import solution\n"
    "@solution\ndef twice(n):\n    return 2 * n"
)


@pytest.fixture(scope="module")
def cells() -> Iterator[Callable[..., Any]]:
    """Runs cells in a notebook's namespace; returns what `twice` is then."""
    shell = InteractiveShell.instance()

    def run(*sources: str) -> Any:
        for source in sources:
            shell.run_cell(source).raise_error()
        return shell.user_ns["twice"]

    yield run
    InteractiveShell.clear_instance()


def test_a_gap_is_found_until_it_is_filled(cells: Callable[..., Any]) -> None:
    assert has_gaps(cells(STUB))
    assert has_gaps(cells("async def twice(n): ..."))
    assert not has_gaps(cells(MINE))
    assert not has_gaps(len)


def test_the_solution_fills_in_for_a_function_with_gaps(
    cells: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    twice = cells(STUB, SOLUTION)
    assert twice(4) == 8 and not has_gaps(twice)
    assert cells(SOLUTION) is not twice, "a solution may be edited"
    assert capsys.readouterr().out == ""


def test_the_learner_s_own_stays(
    cells: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    mine = cells(STUB, SOLUTION, MINE)
    assert cells(SOLUTION, SOLUTION) is mine
    assert "twice: yours stays." in capsys.readouterr().out


def test_an_emptied_function_gets_the_solution_again(
    cells: Callable[..., Any]
) -> None:
    assert cells(STUB, SOLUTION, MINE, STUB, SOLUTION)(3) == 6


def test_the_solution_alone_defines_its_function() -> None:
    names: dict[str, Any] = {}
    exec(SOLUTION, names)
    assert names["twice"](2) == 4
    assert solution.__module__ == "lab_utils.lessons.your_turn"


def test_a_check_says_what_it_saw_and_the_idea() -> None:
    cases = [Case(2, 4, "Fine."), Case(3, 6, "Twice means times two.")]
    with pytest.raises(NotYet) as told:
        check(lambda n: 4, cases)
    assert str(told.value).split("\n") == [
        "<lambda> got 3.", "  expected: 6", "  it gave:  4", "Twice means times two.",
    ]
    with pytest.raises(NotYet, match="it gave:  ZeroDivisionError"):
        check(lambda n: n / 0, cases)


def test_a_check_of_gaps_says_where_the_solution_is(cells: Callable[..., Any]) -> None:
    with pytest.raises(NotYet, match=r"twice still has a `\.\.\.` in it"):
        check(cells(STUB), [])


def test_a_notebook_shows_no_traceback() -> None:
    shown: Any = NotYet("Look again.")
    assert shown._render_traceback_() == ["✗ Look again."]


# Notebook 03: parse


def by_line(chunks: list[bytes]) -> Iterator[str]:
    for line in b"".join(chunks).decode().split("\n"):
        if line.startswith("data: "):
            yield line[6:]


def one_each(chunks: list[bytes]) -> Iterator[str]:
    for chunk in chunks:
        yield chunk.decode().removeprefix("data: ").strip("\n")


def no_join(chunks: list[bytes]) -> Iterator[str]:
    for chunk in chunks:
        *whole, _ = chunk.split(b"\n\n")
        for event in whole:
            yield event.decode().removeprefix("data: ")


def text_first(chunks: list[bytes]) -> Iterator[str]:
    buffer = ""
    for chunk in chunks:
        buffer += chunk.decode()
        *whole, buffer = buffer.split("\n\n")
        for event in whole:
            yield event.removeprefix("data: ")


def all_line_ends(chunks: list[bytes]) -> Iterator[str]:
    buffer = b""
    for chunk in chunks:
        buffer += chunk
        *whole, buffer = buffer.split(b"\n\n")
        for event in whole:
            yield from (line.removeprefix("data: ")
                        for line in event.decode().splitlines())


@pytest.mark.parametrize("parse, idea", [
    (lambda chunks: [], "stands before a blank line"),
    (one_each, "A read is whatever has arrived"),
    (no_join, "what is left in the buffer stands before the new chunk"),
    (by_line, "stays in the buffer"),
    (text_first, "half a character is no text"),
    (all_line_ends, "`splitlines()` takes it for a line end"),
])
def test_each_wrong_parse_is_told_its_idea(
    parse: Callable[..., Any], idea: str
) -> None:
    with pytest.raises(NotYet) as told:
        check_parse(parse)
    assert idea in str(told.value)
    assert len(str(told.value).split()) <= 60


def test_a_right_parse_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    for parse in read_events, Lesson("03").define("parse")["parse"]:
        check_parse(parse)
        assert f"{len(CASES)} of {len(CASES)}" in capsys.readouterr().out
