"""What notebook 07 builds inline behaves as the library does."""

from typing import Any

import pytest

from lab_utils.lessons import n07_so_far
from lab_utils.lessons.n07_checks import CASES, check_fair_ratio
from tests.lessons.lesson import Lesson


@pytest.fixture(scope="module")
def inline() -> dict[str, Any]:
    return Lesson("07").define("fair_ratio")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[2][:20])
def test_the_ratio_is_the_one_that_a_catch_up_gives(
    inline: dict[str, Any], case: tuple[Any, int, str]
) -> None:
    machine, rounds, _ = case
    found = []
    for ratio in inline["fair_ratio"], n07_so_far.fair_ratio:
        machine.count = 0
        found.append(ratio(machine.a, machine.b, rounds))
    assert found[0] == found[1] == pytest.approx(2, rel=0.1)


def test_the_solution_passes_its_check(
    inline: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    check_fair_ratio(inline["fair_ratio"])
    assert "4 of 4" in capsys.readouterr().out
