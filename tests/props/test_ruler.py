import pytest

from lab_utils.lessons.n03_ruler import arrivals, read_events, ruler
from lab_utils.plots.canvas import NARROW
from lab_utils.plots.guess import Guess
from tests.plots.geometry import drawn, words


def test_an_event_arrives_with_the_read_that_completes_it() -> None:
    reads = [b"data: a", b"\n\ndata: b\n\nda", b"ta: c\n", b"\n"]
    assert arrivals(reads, read_events) == [("a", 2), ("b", 2), ("c", 4)]


def test_a_parser_that_fails_is_shown_where_it_failed() -> None:
    def careless(chunks: object) -> object:
        for chunk in chunks:  # type: ignore[attr-defined]
            yield chunk.decode()

    found = arrivals([b"ok", b"\xc3", b"\xa9"], careless)  # type: ignore[arg-type]
    assert found == [("ok", 1), ("✕ UnicodeDecodeError", 2)]


def test_it_says_what_it_shows() -> None:
    picture = ruler([b"data: a\n", b"\ndata: b\n\n"], guess=Guess("?", 6, "reads"))
    assert picture.description == (
        "18 bytes in 2 reads, 2 events. reads: 2; your guess: 6 reads."
    )
    assert picture.table[1:] == [["a", "2"], ["b", "2"]]


def test_bytes_without_reads_have_no_cuts() -> None:
    whole = ruler(b"data: a\n\n")
    assert whole.description == "9 bytes, 1 event."
    assert "a read ended" not in whole.html()
    assert "a read ended" in ruler([b"data: a\n\n"]).html()


def test_the_guess_is_beside_what_was_counted() -> None:
    guess = Guess("?", 400, "")
    picture = ruler(b"", guess=guess, count=("status", 200))
    assert "status: 200" in picture.svg()
    assert picture.description == "0 bytes, 0 events. status: 200; your guess: 400."


def test_the_same_bytes_give_the_same_events_however_they_are_cut() -> None:
    stream = 'data: {"token": "é"}\n\ndata: [DONE]\n\n'.encode()
    for size in range(1, len(stream) + 1):
        cuts = [stream[at : at + size] for at in range(0, len(stream), size)]
        rows = ruler(cuts).table[1:]
        assert [row[0] for row in rows] == ['{"token": "é"}', "[DONE]"]


@pytest.mark.parametrize("stream", [b"\0\x1b[31m\xff", b""])
def test_whatever_the_bytes_are_it_is_an_honest_svg(stream: bytes) -> None:
    said = words(drawn(ruler([stream]), NARROW))
    assert "0 events found" in said
    assert ("not one byte" in said) is (not stream)


def test_every_event_is_shown() -> None:
    svg = ruler(b"".join(b"data: nr%d\n\n" % at for at in range(12))).svg()
    assert "12 events found" in svg
    assert all(f">nr{at}<" in svg for at in range(12))
