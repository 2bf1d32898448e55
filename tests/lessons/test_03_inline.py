"""What lesson 03 builds by hand does what the library does."""

import json
import os
import select
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.sse import EventSourceResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_utils import BackgroundServer, create_app, sse
from lab_utils.engine import FakeEngine
from lab_utils.lessons.n03_ruler import read_events
from tests.lessons.lesson import Lesson

INLINE = Lesson("03").define("encode_event", "parse", "read_answer", "FETCH")
encode_event, parse = INLINE["encode_event"], INLINE["parse"]

NASTY = [
    "", "\n", "\n\n", "\r", "\r\n", '"', "\\", "'", "é", "😀", "\u2028", "\u0085",
    "[DONE]", "data: [DONE]\n\n", " answer", "\0", "\ufeff",
]
TEXTS = st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=6))).map("".join)
BLOCKS = st.lists(st.sampled_from([
    "data: one", "data:two", "data:", "data:  tea", "data: é😀", "data: \u2028\u0085",
    ": comment", "event: ping", "unknown: z", "no colon", "id: 7", "", "", "",
])).map("\n".join)


def reads(stream: bytes, places: list[int]) -> list[bytes]:
    """`stream` cut at `places`."""
    ends = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    return [stream[start:end] for start, end in pairwise(ends)]


def test_they_are_the_lessons_own() -> None:
    assert {each.__module__ for each in (encode_event, parse)} != {sse.__name__}
    assert encode_event is not sse.encode


@pytest.mark.parametrize("text", NASTY)
def test_encode_event_writes_what_the_library_writes(text: str) -> None:
    assert encode_event({"token": text}) == sse.encode({"token": text})
    assert encode_event(text) == sse.encode(text)


@given(TEXTS)
@settings(deadline=None)
def test_encode_event_writes_any_text_as_the_library(text: str) -> None:
    assert encode_event({"token": text}) == sse.encode({"token": text})


@pytest.mark.parametrize("text", NASTY)
def test_parse_finds_the_same_for_every_cut(text: str) -> None:
    plain = json.dumps({"token": text}, ensure_ascii=False)
    stream = encode_event(plain) + encode_event({"token": text}) + b"data: un"
    expected = [plain, json.dumps({"token": text})]
    for at in range(len(stream) + 1):
        two = [stream[:at], stream[at:]]
        assert list(parse(two)) == list(read_events(two)) == expected


@given(BLOCKS, st.lists(st.integers(0, 400), max_size=20))
@settings(deadline=None, max_examples=300)
def test_parse_finds_what_the_decoder_finds(text: str, places: list[int]) -> None:
    chunks = reads(text.encode(), places)
    assert list(parse(chunks)) == list(read_events(chunks))


@pytest.mark.parametrize(("events", "ending"), [
    ([{"token": "a"}, sse.DONE], ("a", "complete")),
    ([sse.DONE], ("", "complete")),
    ([{"token": "a"}, {"error": {}}, sse.DONE], ("a", "failed")),
    ([{"token": "a"}, {"error": {}}], ("a", "failed")),
    ([{"token": "a"}], ("a", "truncated")),
    ([], ("", "truncated")),
    ([{"token": "a"}, sse.DONE, {"token": "b"}], ("a", "complete")),
])
def test_read_answer_knows_how_it_ended(events: list[Any], ending: object) -> None:
    stream = b"".join(map(sse.encode, events))
    assert INLINE["read_answer"](read_events([stream])) == ending


@pytest.mark.parametrize("flags", [[], ["-N"]])
def test_without_curl_python_reads_the_same(flags: list[str]) -> None:
    with BackgroundServer(create_app(FakeEngine("one two"))) as server:
        url = f"{server.url}/generate?prompt=Hi"
        command = [sys.executable, "-c", INLINE["FETCH"], *flags, url]
        got = subprocess.run(command, capture_output=True, check=True).stdout
    *tokens, done = read_events([got])
    assert [json.loads(each)["token"] for each in tokens] == ["one", " two"]
    assert done == sse.DONE


def test_the_example_of_the_standard_ends_its_lines_as_it_likes() -> None:
    example = Lesson("03").define("four")["four"]
    for end in (b"\n", b"\r", b"\r\n"):
        decoder = sse.Decoder()
        found = list(decoder.feed(example.replace(b"\n", end)))
        assert [(e.data, e.id) for e in found] == [
            ("first event", "1"), ("second event", ""), (" third event", "")
        ]
        assert list(decoder.feed(end + end)) == []


def test_fastapi_ends_a_stream_that_fails_without_a_word() -> None:
    app = FastAPI()

    @app.get("/", response_class=EventSourceResponse)
    def one_and_fail() -> Iterator[dict[str, str]]:
        yield {"token": "one"}
        raise RuntimeError

    got = b""
    with (
        BackgroundServer(app) as server,
        httpx.stream("GET", server.url, trust_env=False) as answer,
        suppress(httpx.TransportError),
    ):
        for data in answer.iter_raw():
            got += data
    assert answer.status_code == 200
    assert [json.loads(data) for data in read_events([got])] == [{"token": "one"}]


@pytest.mark.skipif(not (shutil.which("curl") and hasattr(os, "openpty")),
                    reason="needs curl and a terminal")
def test_to_a_terminal_curl_writes_line_by_line() -> None:
    engine = FakeEngine("a b c", hang_at=1)  # one token, and the answer is not over
    here, there = os.openpty()
    with BackgroundServer(create_app(engine)) as server:
        url = f"{server.url}/generate?prompt=Hi"
        with subprocess.Popen(["curl", "-s", "--noproxy", "*", url], stdout=there):
            came = b""
            while b'"token"' not in came:
                assert select.select([here], [], [], 5)[0], "nothing for 5 s"
                came += os.read(here, 4096)
            assert engine.made == 1
            engine.unhang()
    os.close(here)
    os.close(there)


def test_a_compressor_keeps_what_it_is_given() -> None:
    squeeze = zlib.compressobj()
    sizes = [len(squeeze.compress(b'data: {"t": "x"}\n\n')) for _ in range(8)]
    assert sizes == [2, 0, 0, 0, 0, 0, 0, 0]
    assert len(squeeze.flush(zlib.Z_SYNC_FLUSH)) > 0
    other = (b'data: {"t": "%d"}\n\n' % n for n in range(100_000))
    assert sum(len(squeeze.compress(event)) for event in other) > 0
