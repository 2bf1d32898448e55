"""Which promise of `tests/FAULTS.md` was seen to hold, where, and with what figure.

    python -m tests.faults.table        # minutes: runs the tests of all rows

Runs every test that cites a row, prints the table and writes it to `HELD.md`, beside
this file. A test says where it looks by a parameter (`thread`, …) or by the marker
`runner`; it shows a figure by `record_property("figure", …)`.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support import KINDS

TESTS = Path(__file__).parents[1]
FAULTS = TESTS / "FAULTS.md"
HELD = Path(__file__).with_name("HELD.md")

ROW = re.compile(r"\| *(\d+) \|(.+)\|(.+)\|(.+)\| *(\S+) *\|")
CITED = re.compile(r"test_row((?:_\d\d)+)_[a-z]")

Pair = tuple[int, str]
"""A row of the table and a place where it is to hold: a runner, or the notebook."""

HEAD = """\
# What was seen to hold

Each row of [`FAULTS.md`](../FAULTS.md), on each runner that it names, as the tests that
cite the row last saw it. `python -m tests.faults.table` runs them and writes this page;
a test keeps its rows in step. A figure is of one machine on one day.

| # | fault | runner | held | seen |
| --- | --- | --- | --- | --- |
"""


@dataclass(slots=True)
class Seen:
    """What became of the tests of one pair."""

    passed: int = 0
    failed: int = 0
    figures: list[str] = field(default_factory=list)


def cited(name: str) -> set[int]:
    """The rows that a test cites; ValueError if its name begins so and cites none."""
    if not name.startswith("test_row"):
        return set()
    match = CITED.match(name)
    if match is None:
        raise ValueError(f"expected test_row_NN_what_holds; got {name}")
    return {int(number) for number in match[1].split("_")[1:]}


def rows() -> Iterator[re.Match[str]]:
    """The rows of `FAULTS.md`: number, fault, promise, runners, and whether it has
    tests."""
    for line in FAULTS.read_text(encoding="utf-8").splitlines():
        if line.startswith("|") and not line.startswith(("| # |", "| --- ")):
            row = ROW.fullmatch(line)
            assert row, f"not `| number | fault | promise | runners | tests |`: {line}"
            yield row


def promised() -> dict[Pair, str]:
    """Each pair that `FAULTS.md` names, with its fault, in its order."""
    found: dict[Pair, str] = {}
    for row in rows():
        for name in row[4].strip().split(", "):
            for place in KINDS if name == "all" else [name]:
                found[int(row[1]), place] = row[2].strip()
    return found


def pairs(item: pytest.Item) -> set[Pair]:
    """What a test is about: the rows in its name, the places in its parameters."""
    numbers = cited(getattr(item, "originalname", item.name))
    values = getattr(item, "callspec", None)
    places = {value for value in values.params.values()
              if isinstance(value, str) and value in KINDS} if values else set()
    places |= {str(mark.args[0]) for mark in item.iter_markers("runner")}
    return {(number, place) for number in numbers for place in places}


class Watch:
    """A plugin of pytest that runs what cites a row and keeps what it saw."""

    def __init__(self) -> None:
        self.seen: dict[Pair, Seen] = {}
        self._pairs: dict[str, set[Pair]] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if pairs(item)]
        self._pairs = {item.nodeid: pairs(item) for item in items}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and not report.failed:
            return
        for pair in self._pairs[report.nodeid]:
            seen = self.seen.setdefault(pair, Seen())
            seen.passed += report.passed
            seen.failed += report.failed
            seen.figures += [str(value) for name, value in report.user_properties
                             if name == "figure" and str(value) not in seen.figures]


def lines(seen: Mapping[Pair, Seen]) -> Iterator[str]:
    """The rows of the page."""
    for (number, place), fault in promised().items():
        one = seen.get((number, place), Seen())
        held = "NO" if one.failed else "yes" if one.passed else "not seen"
        tests = f"{one.passed} test{'s' * (one.passed != 1)}"
        seen_there = "; ".join([tests, *one.figures]).replace("|", "/")
        yield f"| {number} | {fault} | {place} | {held} | {seen_there} |"


def on_page(page: Iterable[str]) -> dict[Pair, str]:
    """The pairs on a page, and whether each held."""
    cells = [[cell.strip() for cell in line.split("|")] for line in page
             if line.startswith("|") and line[2].isdigit()]
    return {(int(row[1]), row[3]): row[4] for row in cells}


def names_of_tests() -> Iterator[str]:
    """The names of all test functions."""
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name


def main() -> int:
    """Run the tests and write the page; 1 if a promise was not seen to hold."""
    watch = Watch()
    early = "ignore::pytest.PytestAssertRewriteWarning"  # what this file has imported
    pytest.main(["-q", "-W", early, "-k", "test_row", str(TESTS)], plugins=[watch])
    page = list(lines(watch.seen))
    HELD.write_text(HEAD + "\n".join(page) + "\n", encoding="utf-8")
    print("\n".join(page))
    return int(set(on_page(page).values()) != {"yes"})


if __name__ == "__main__":
    sys.exit(main())
