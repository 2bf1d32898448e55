from lab_utils.lessons.n01_turns import spans, turns
from lab_utils.plots.canvas import NARROW, WIDE
from lab_utils.plots.guess import Guess
from tests.plots.geometry import drawn, sheet, words

ORDER = ["A0", "B0", "A1"]
LOG = [("A", 5.0, 5.3, "works"), ("B 1", 5.3, 5.8, "waits")]


def test_turns_say_the_order_and_how_much_was_guessed() -> None:
    picture = turns(ORDER, "A0 A1 A1")
    assert picture.description == (
        "The order is A0 B0 A1. You guessed A0 A1 A1: 2 of 3 right."
    )
    assert picture.table[0] == ["turn", "who", "your guess"]
    assert picture.table[2] == ["2", "B0", "A1"]


def test_each_guessed_turn_of_a_known_task_is_a_diamond() -> None:
    # Three guesses, one of a task that is not there, and one in the legend.
    assert turns(ORDER, "A0 C0 B0").svg().count('class="guess"') == 3


def test_a_guess_may_be_shorter_or_longer_than_the_order() -> None:
    assert turns(ORDER, "A0").table[3] == ["3", "A1", "–"]
    assert "1 of 3 right" in turns(ORDER, "A0 A1 B0 B1 B2").description


def test_every_turn_is_written_into_its_bar() -> None:
    svg = turns(ORDER).svg()
    assert all(f">{turn}</text>" in svg for turn in ORDER)
    # One bar per turn, and one in the legend.
    assert svg.count("fill token") == len(ORDER) + 1
    long = words(drawn(turns(["A0", "a-task-of-many-letters0"] * 8), WIDE))
    assert "A0" in long.split() and "letters0" not in long, "there is no room for it"


def test_spans_begin_with_the_first_and_say_what_each_did() -> None:
    picture = spans(LOG, title="Two")
    assert picture.title == "Two"
    assert picture.description == (
        "A works from 0 ms to 300 ms; B 1 waits from 300 ms to 800 ms."
    )
    assert picture.table[2] == ["B 1", "waits", "300 ms", "800 ms"]


def test_the_legend_names_only_what_is_drawn() -> None:
    assert "waits without it" in spans(LOG).svg()
    only_waits = spans(LOG[1:]).svg()
    assert "has the baton" not in only_waits and ">waits<" in only_waits


def test_who_only_waits_is_told_how_long() -> None:
    assert ">500 ms</text>" in spans(LOG[1:]).svg()
    assert ">500 ms</text>" not in spans(LOG).svg()


def test_a_guess_far_off_does_not_press_the_run_flat() -> None:
    svg = spans(LOG, Guess("when?", 60_000)).svg()
    assert ">1500<" in svg and ">60000<" not in svg


def test_both_are_drawn_without_anything_and_narrow() -> None:
    for picture in (turns([]), spans([])):
        for width in (WIDE, NARROW):
            assert sheet(drawn(picture, width))[0] == width
