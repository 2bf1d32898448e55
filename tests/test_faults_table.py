"""The table of faults and the tests that cite its rows agree."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
TABLE = TESTS / "FAULTS.md"

ROW = re.compile(r"\| *(\d+) \|(.+)\|(.+)\|(.+)\| *(\S+) *\|")
CITED = re.compile(r"test_row((?:_\d\d)+)_[a-z]")
RUNNERS = {"thread", "executor", "process", "all", "notebook"}


def rows() -> dict[int, str]:
    """The numbers of the table, and what its column "tests" says."""
    found: dict[int, str] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("|") and not line.startswith(("| # |", "| --- ")):
            row = ROW.fullmatch(line)
            assert row, f"not `| number | fault | promise | runners | tests |`: {line}"
            assert set(row[4].strip().split(", ")) <= RUNNERS, line
            assert int(row[1]) not in found, f"row {row[1]} stands there twice"
            found[int(row[1])] = row[5]
    return found


def names_of_tests() -> Iterator[str]:
    """The names of all test functions."""
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name


def cited(name: str) -> set[int]:
    """The rows that a test cites; ValueError if its name begins so and cites none."""
    if not name.startswith("test_row"):
        return set()
    match = CITED.match(name)
    if match is None:
        raise ValueError(f"expected test_row_NN_what_holds; got {name}")
    return {int(number) for number in match[1].split("_")[1:]}


def test_every_row_that_a_test_cites_is_in_the_table() -> None:
    wrong = [name for name in names_of_tests() if not cited(name) <= set(rows())]
    assert not wrong


def test_the_table_says_of_each_row_whether_it_has_tests() -> None:
    has_tests = {number for name in names_of_tests() for number in cited(name)}
    assert len(has_tests) > 40
    assert rows() == {
        number: "yes" if number in has_tests else "open" for number in rows()
    }


def test_the_table_is_in_order() -> None:
    assert list(rows()) == sorted(rows())


def test_a_name_may_cite_one_row_or_several() -> None:
    assert cited("test_row_01_a_stream_ends") == {1}
    assert cited("test_row_36_38_40_a_wrong_value_is_refused") == {36, 38, 40}
    assert cited("test_a_row_of_40") == set()
