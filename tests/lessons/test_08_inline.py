"""What notebook 08 builds inline behaves as the library does."""

from typing import Any

import pytest

from lab_utils.engine import FakeEngine
from lab_utils.lessons.n08_checks import check_admit
from lab_utils.lessons.n08_slots import Ask, on_a_real_engine, play
from tests.lessons.lesson import Lesson


@pytest.fixture(scope="module")
def inline() -> dict[str, Any]:
    return Lesson("08").define("as_a_bus", "admit")


@pytest.mark.parametrize("slots", [1, 2, 4, 9])
@pytest.mark.parametrize("lengths", [[5], [3, 1, 4, 1, 5, 9, 2, 6], [7] * 5])
def test_who_joins_is_who_the_scheduler_admits(
    inline: dict[str, Any], lengths: list[int], slots: int
) -> None:
    asks = [Ask(str(at), at // 2, tokens) for at, tokens in enumerate(lengths)]
    engine = FakeEngine(["x "] * 20)
    assert play(inline["admit"], asks, slots).steps == (
        on_a_real_engine(engine, asks, slots).steps
    )


def test_the_solution_passes_its_check(
    inline: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    check_admit(inline["admit"])
    assert "✓ admit" in capsys.readouterr().out


def test_a_bus_takes_nobody_on_its_way(inline: dict[str, Any]) -> None:
    running = ["A"]
    inline["as_a_bus"](["B"], running, 4)
    assert running == ["A"]
