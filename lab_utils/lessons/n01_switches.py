"""Two questions about every box of a grid, answered by switches before a cell runs."""

from collections.abc import Callable, Sequence
from typing import Any

from IPython.display import display
from ipywidgets import Checkbox, HBox, VBox

from lab_utils.lessons.n01_grid import QUESTIONS
from lab_utils.panel.prediction import keep, kept, words
from lab_utils.panel.tooltip import named
from lab_utils.plots.text import safe

Answers = dict[tuple[str, str], tuple[bool, bool]]


def switches(rows: Sequence[str], columns: Sequence[str]) -> Answers:
    """Ask both questions about each box; the answers that it returns follow the
    switches.

    They stand under (row, column), row by row; all are no until somebody switches. What
    was switched is kept in `guesses.json`.
    """
    earlier = kept()
    answers = {
        (row, column): (
            bool(earlier.get(_name(row, column, 0))),
            bool(earlier.get(_name(row, column, 1))),
        )
        for row in rows
        for column in columns
    }
    cards = [_card(answers, rows, column) for column in columns]
    display(HBox(cards, layout={"flex_flow": "wrap"}))
    return answers


def _name(row: str, column: str, at: int) -> str:
    return f"{column}, {row}: {QUESTIONS[at]}"


def _card(answers: Answers, rows: Sequence[str], column: str) -> VBox:
    """A column of the grid: its name, and two switches for each row."""
    parts: list[Any] = [words(f"◇ <b>{safe(column)}</b>")]
    for row in rows:
        parts.append(words(safe(row)))
        parts += [_switch(answers, row, column, at) for at in (0, 1)]
    return VBox(parts, layout={"width": "220px", "margin": "0 6px 8px 0"})


def _switch(answers: Answers, row: str, column: str, at: int) -> Checkbox:
    name = _name(row, column, at)
    box = named(Checkbox(answers[row, column][at], description=f"{QUESTIONS[at]}?",
                         indent=False, layout={"width": "auto"}), f"{name}?")
    box.observe(_changed(answers, row, column, at), "value")
    return box


def _changed(
    answers: Answers, row: str, column: str, at: int
) -> Callable[[dict[str, Any]], None]:
    def changed(change: dict[str, Any]) -> None:
        early, alive = answers[row, column]
        new = bool(change["new"])
        answers[row, column] = (new, alive) if at == 0 else (early, new)
        keep(_name(row, column, at), float(new))

    return changed
