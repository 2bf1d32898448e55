"""How numbers and waits are written, and what no drawing may contain."""

from lab_utils.plots.text import milliseconds, number, safe, seconds, width_of


def test_numbers_have_the_digits_that_a_reader_needs() -> None:
    assert [number(each) for each in (0, 0.351, 4.18, 62.4, 1240)] == [
        "0", "0.35", "4.2", "62", "1\u202f240",
    ]


def test_waits_have_the_unit_that_suits_them() -> None:
    expected = ["–", "4.2 ms", "350 ms", "24.0 s"]
    assert [milliseconds(each) for each in (None, 4.18, 350, 24_000)] == expected
    assert [seconds(each) for each in (None, 0.00418, 0.35, 24)] == expected


def test_markup_is_escaped_and_control_characters_are_shown() -> None:
    assert safe("<b>&\x1b[31m\x00\n\x7f") == "&lt;b&gt;&amp;␛[31m␀␊\ufffd"
    assert safe("é 1\u202f240 ✓") == "é 1\u202f240 ✓"


def test_bold_words_and_code_take_more_room() -> None:
    assert 0 == width_of("") < width_of("a token")
    assert width_of("a token") < width_of("a token", "mono")
    assert width_of("a token") < width_of("a token", "late bold")
    assert 2 * width_of("a token", size=8) == width_of("a token", size=16)
