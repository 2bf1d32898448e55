"""Server-Sent Events by the standard's own examples, and cut anywhere."""

import json
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from fastapi.sse import format_sse_event
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_utils.sse import DONE, Decoder, Event, comment, encode

CUTS = st.lists(st.integers(0, 300), max_size=20)
# Everything a reader could trip over: line ends, other libraries' line ends, fields.
NASTY = st.lists(st.one_of(
    st.sampled_from(["\r", "\n", "\r\n", "\n\n", "data:", "data", ":", "\u2028",
                     "\u0085", "\0", "\ufeff", "id: 1", "event: x", "[DONE]", "😀", " ",
                     "\x1c"]),
    st.text(max_size=5),
), max_size=12).map("".join)
LINES = st.lists(st.sampled_from([
    "data: one", "data:two", "data", "data:", "data:  spaced", "event: ping", "event",
    "id: 7", "id", "id: a\0b", "retry: 5", "retry: x", ": comment", ":", "unknown: z",
    "", "", "", "data: é😀", "\ufeffdata: no field", " data: no field",
]), max_size=25)


def events(*chunks: bytes) -> list[Event]:
    """What a decoder makes of `chunks`."""
    decoder = Decoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)]


def cut(whole: bytes, places: list[int]) -> list[bytes]:
    """`whole` cut at `places`; some pieces may be empty."""
    ends = [0, *sorted(place % (len(whole) + 1) for place in places), len(whole)]
    return [whole[start:end] for start, end in pairwise(ends)]


def reference(whole: bytes) -> list[tuple[str, str, str]]:
    """(event, data, id) of each event, by the standard's algorithm on a whole text."""
    text = whole.decode(errors="replace").removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]
    found, data, kind, last_id = [], "", "", ""
    for line in lines:
        name, _, value = line.partition(":")
        value = value[1:] if value[:1] == " " else value
        if line == "":
            if data:
                found.append((kind or "message", data[:-1], last_id))
            data = kind = ""
        elif line.startswith(":"):
            pass
        elif name == "event":
            kind = value
        elif name == "data":
            data += value + "\n"
        elif name == "id" and "\0" not in value:
            last_id = value
    return found


def seen(found: list[Event]) -> list[tuple[str, str, str]]:
    return [(event.event, event.data, event.id) for event in found]


def test_an_event_is_data_and_an_empty_line() -> None:
    assert encode({"token": "é\n"}) == b'data: {"token": "\\u00e9\\n"}\n\n'
    assert encode(DONE) == b"data: [DONE]\n\n"
    assert comment("hi") == b": hi\n\n"


@pytest.mark.parametrize(("whole", "data"), [
    # The examples of the standard, section 9.2.6.
    (b"data: This is the first message.\n\ndata: This is the second message, it\n"
     b"data: has two lines.\n\ndata: This is the third message.\n\n",
     ["This is the first message.", "This is the second message, it\nhas two lines.",
      "This is the third message."]),
    (b"data: YHOO\ndata: +2\ndata: 10\n\n", ["YHOO\n+2\n10"]),
    (b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
     b"data:  third event", ["first event", "second event"]),
    (b"data\n\ndata\ndata\n\ndata:", ["", "\n"]),
    (b"data:test\n\ndata: test\n\n", ["test", "test"]),
])
def test_the_examples_of_the_standard(whole: bytes, data: list[str]) -> None:
    assert [event.data for event in events(whole)] == data


def test_event_types_and_ids() -> None:
    whole = (b"event: add\ndata: 73857293\nid: 1\n\ndata: 5\nid\n\n"
             b"event: x\n\ndata: 6\n\n")
    assert seen(events(whole)) == [
        ("add", "73857293", "1"), ("message", "5", ""), ("message", "6", "")
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_every_line_end_of_the_standard_is_one_line_end(end: bytes) -> None:
    whole = end.join([b"data: a", b"data: b", b"", b"data: c", b"", b""])
    assert [event.data for event in events(whole)] == ["a\nb", "c"]


def test_a_crlf_that_is_cut_in_two_is_still_one_line_end() -> None:
    assert [e.data for e in events(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n")] == [
        "a\nb"
    ]


def test_an_event_is_delivered_with_its_last_cr_and_not_one_event_late() -> None:
    assert [event.data for event in events(b"data: a\r\r")] == ["a"]


def test_one_byte_order_mark_at_the_beginning_is_dropped() -> None:
    mark = "\ufeff".encode()
    assert [e.data for e in events(mark[:1], mark[1:] + b"data: a\n\n")] == ["a"]
    assert events(mark + mark + b"data: a\n\n") == []
    assert [e.data for e in events(b"data: a\n\n" + mark + b"data: b\n\n")] == ["a"]


def test_an_id_with_a_nul_is_ignored() -> None:
    (event,) = events(b"id: 1\nid: 2\x00\ndata: a\n\n")
    assert event.id == "1"


@pytest.mark.parametrize(("value", "retry"), [
    (b"250", 250), (b"2.5", None), (b"-1", None), (b"", None), (b"1e3", None),
    ("\u0663".encode(), None),
])
def test_a_retry_is_digits_or_nothing(value: bytes, retry: int | None) -> None:
    (event,) = events(b"retry: " + value + b"\ndata: a\n\n")
    assert event.retry == retry


def test_what_is_not_ended_is_never_delivered() -> None:
    assert events(b"data: a\n") == []
    assert events(b"data: a") == []


def test_bytes_that_are_no_text_become_replacement_characters() -> None:
    assert [event.data for event in events(b"data: a\xffb\n\n")] == ["a\ufffdb"]


@given(NASTY, CUTS)
@settings(deadline=None, max_examples=200)
def test_row_51_any_text_comes_out_as_it_went_in(text: str, places: list[int]) -> None:
    whole = encode({"token": text}) + comment(" ") + encode(DONE)
    first, last = events(*cut(whole, places))
    assert json.loads(first.data) == {"token": text}
    assert last.data == DONE


@given(NASTY, NASTY)
@settings(deadline=None, max_examples=100)
def test_row_51_other_readers_find_the_same_text(one: str, two: str) -> None:
    whole = encode({"token": one}) + encode({"token": two})
    assert [json.loads(data)["token"] for _, data, _ in reference(whole)] == [one, two]
    # Readers that split at every line end that Unicode knows.
    lines = [line for line in whole.decode().splitlines() if line]
    assert [json.loads(line.removeprefix("data: "))["token"] for line in lines] == [
        one, two
    ]
    assert [event["token"] for event in httpx2_events(whole)] == [one, two]


def httpx2_events(whole: bytes) -> list[Any]:
    """The events that httpx2's reader finds."""
    response = httpx2.Response(
        200, headers={"Content-Type": "text/event-stream"}, content=whole,
        request=httpx2.Request("GET", "http://127.0.0.1"),
    )
    return [event.json() for event in httpx2.EventSource(response)]


@given(NASTY, CUTS)
@settings(deadline=None, max_examples=100)
def test_row_51_what_fastapi_writes_is_read(text: str, places: list[int]) -> None:
    whole = format_sse_event(data_str=json.dumps(text))
    (event,) = events(*cut(whole, places))
    assert json.loads(event.data) == text
    assert whole == encode(json.dumps(text))


@given(LINES, st.sampled_from(["\n", "\r", "\r\n"]), CUTS, st.booleans())
@settings(deadline=None, max_examples=300)
def test_any_stream_is_read_as_the_standard_says_however_it_is_cut(
    lines: list[str], end: str, places: list[int], with_mark: bool
) -> None:
    mark = "\ufeff" if with_mark else ""
    whole = (mark + "".join(line + end for line in lines)).encode()
    assert seen(events(*cut(whole, places))) == reference(whole)


@given(st.binary(max_size=200), CUTS)
@settings(deadline=None, max_examples=200)
def test_any_bytes_are_read_without_an_error(whole: bytes, places: list[int]) -> None:
    assert seen(events(*cut(whole, places))) == reference(whole)
