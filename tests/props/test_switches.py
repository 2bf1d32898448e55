import json
from pathlib import Path
from typing import Any

import pytest

from lab_utils.lessons import n01_switches as module
from lab_utils.lessons.n01_switches import switches

ROWS, COLUMNS = ["whole", "as made"], ["Flask, <one>", "FastAPI, def"]


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is displayed, in a folder without guesses."""
    monkeypatch.chdir(tmp_path)
    forms: list[Any] = []
    monkeypatch.setattr(module, "display", forms.append)
    return forms


def boxes(form: Any) -> list[Any]:
    """The switches: column by column, in each row by row, two for each box."""
    return [part for card in form.children for part in card.children
            if hasattr(part, "indent")]


def test_all_are_no_until_somebody_switches(shown: list[Any]) -> None:
    answers = switches(ROWS, COLUMNS)
    assert list(answers) == [(row, column) for row in ROWS for column in COLUMNS]
    assert set(answers.values()) == {(False, False)}
    assert not list(Path().iterdir()), "nothing is written before"


def test_the_answers_follow_the_switches(shown: list[Any]) -> None:
    answers = switches(ROWS, COLUMNS)
    first, _, _, alive, *_ = boxes(shown[0])
    first.value = alive.value = True
    assert answers["whole", "Flask, <one>"] == (True, False)
    assert answers["as made", "Flask, <one>"] == (False, True)
    first.value = False
    assert answers["whole", "Flask, <one>"] == (False, False)


def test_what_was_switched_survives_a_restart(shown: list[Any]) -> None:
    switches(ROWS, COLUMNS)
    boxes(shown[0])[-1].value = True
    assert json.loads(Path("guesses.json").read_text()) == {
        "FastAPI, def, as made: health alive": 1.0
    }
    assert switches(ROWS, COLUMNS)["as made", "FastAPI, def"] == (False, True)
    assert boxes(shown[1])[-1].value is True


def test_each_switch_says_for_whom_it_is_and_names_are_escaped(
    shown: list[Any],
) -> None:
    switches(ROWS, COLUMNS)
    tips = [getattr(box, "tooltip", None) or box.description_tooltip
            for box in boxes(shown[0])]
    assert len(set(tips)) == 8 and tips[0] == "Flask, <one>, whole: text early?"
    assert "&lt;one&gt;" in shown[0].children[0].children[0].value
