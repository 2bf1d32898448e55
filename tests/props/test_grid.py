from lab_utils.lessons.n01_grid import Boxes, answers, grid
from lab_utils.plots.canvas import NARROW, WIDE
from lab_utils.timeline import Ping, Timeline
from tests.plots.geometry import count, drawn, words

ROWS, COLUMNS = ("whole", "as made"), ("Flask, one", "FastAPI, def")
GUESS = {
    ("whole", "Flask, one"): (False, False),
    ("whole", "FastAPI, def"): (False, True),
    ("as made", "Flask, one"): (True, False),
    ("as made", "FastAPI, def"): (True, False),
}


def run(first: float, wait: float) -> Timeline:
    """An answer of one second whose pings each waited `wait` seconds."""
    pings = [Ping(at / 10, at / 10 + wait) for at in range(10)]
    return Timeline("", [first, 0.9, 1.0], pings=pings, ended=1.0, seen=1.0)


def boxes() -> Boxes:
    return {
        (row, column): run(0.05 if row == "as made" else 1.0, wait)
        for row in ROWS
        for column, wait in zip(COLUMNS, (0.5, 0.002), strict=True)
    }


def test_two_questions_are_answered_by_ratios() -> None:
    assert list(map(answers, filter(None, boxes().values()))) == [
        (False, False), (False, True), (True, False), (True, True),
    ]


def test_without_a_token_or_a_ping_nothing_is_early_or_alive() -> None:
    assert answers(Timeline("", ended=1.0)) == (False, False)


def test_the_table_says_what_was_seen_and_guessed() -> None:
    head, first, *_, last = grid(boxes(), GUESS).table
    assert head[1:3] == ["text early", "health alive"]
    assert first == ["whole, Flask, one", "no", "no", "1\u202f000 ms",
                     "500 ms", "2 of 2"]
    assert last[1:3] == ["yes", "yes"] and last[-1] == "1 of 2"


def test_the_description_names_every_box_that_was_measured() -> None:
    some = {**boxes(), ("whole", COLUMNS[0]): None}
    said = grid(some).description
    assert said.count("text ") == 3 and "whole, Flask" not in said
    assert "as made, Flask, one: text early, /health waits." in said


def test_right_and_wrong_guesses_are_marked_beside_a_diamond() -> None:
    svg = grid(boxes(), GUESS).svg()
    assert svg.count("✓") == 7 and svg.count("✗") == 1
    # Two per box, and one in the legend.
    assert svg.count('class="guess"') == 9


def test_a_box_nobody_guessed_has_no_diamond_and_no_score() -> None:
    some = grid(boxes(), {("whole", "FastAPI, def"): (False, True)})
    assert some.svg().count('class="guess"') == 3
    assert some.table[1][-1] == "–" and some.table[2][-1] == "2 of 2"


def test_a_guess_that_changes_later_leaves_the_figure_as_it_was() -> None:
    guesses = dict(GUESS)
    picture = grid(boxes(), guesses)
    guesses.clear()
    assert picture.svg().count("✓") == 7


def test_what_was_not_measured_yet_is_drawn_empty() -> None:
    empty = grid(dict.fromkeys(boxes()))
    for width in (WIDE, NARROW):
        drawing = drawn(empty, width)
        assert count(drawing, "band") == 4
        assert "yes" not in words(drawing).split()
    assert empty.description == "" and len(empty.table) == 1
