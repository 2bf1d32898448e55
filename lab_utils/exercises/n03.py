"""Exercises for notebook 03: events written, parsed, and trusted or not."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from lab_utils import sse
from lab_utils.exercises.exercise import Exercise, Wrong
from lab_utils.server import BackgroundServer

Encode = Callable[[dict[str, Any]], bytes]
Parse = Callable[[Iterable[bytes]], Iterable[str]]
Read = Callable[[str, str], tuple[str, str]]
Poison = Callable[[], tuple[str, str]]

TOKENS = ["plain", "a\nb", 'say "hi"', "😀", "", " two  spaces ", "a\rb", "a\u2028b"]


def _delivered(data: bytes) -> list[str]:
    return [event.data for event in sse.Decoder().feed(data)]


def _is_one_event(encode: Encode) -> None:
    frame = encode({"token": "plain"})
    if not isinstance(frame, bytes):
        raise Wrong(f"It returned {type(frame).__name__}; sockets take bytes: "
                    "`.encode()`.")
    found = _delivered(frame)
    if not found:
        raise Wrong(f"{frame!r}: no parser delivered anything. A line begins with "
                    "`data: `, and an event ends at an empty line. See 3.2.")
    if len(found) > 1:
        raise Wrong(f"{frame!r} is {len(found)} events; expected one. See 3.2.")


def _is_json(encode: Encode) -> None:
    _is_one_event(encode)
    frame = encode({"token": "plain"})
    try:
        json.loads(_delivered(frame)[0])
    except ValueError:
        raise Wrong(f"{frame!r}: single quotes or the like are Python's way to write "
                    "a dict, not JSON. Let `json.dumps` write it. See 3.2.") from None


def _comes_back(encode: Encode) -> None:
    for token in TOKENS:
        found = _delivered(encode({"token": token}))
        try:
            back = [json.loads(data) for data in found]
        except ValueError:
            back = []
        if back != [{"token": token}]:
            raise Wrong(f"The token {token!r} did not come back: a parser delivered "
                        f"{found}. A line end inside of the payload cuts the event: "
                        "let `json.dumps` write all of it. See 3.2.")


STREAM = (": hello\n\ndata: a\n\ndata: é tea\u2028cup\n\ndata:  two\ndata: lines\n\n"
          "event: x\nid: 1\ndata: [DONE]\n\ndata: unfinished").encode()
PAYLOADS = ["a", "é tea\u2028cup", " two\nlines", "[DONE]"]


def _whole(parse: Parse) -> None:
    found = list(parse([b"data: a\n\ndata: b\n\n"]))
    if found != ["a", "b"]:
        raise Wrong(f"One read brought two events, you gave {found}. A read is "
                    "whatever has arrived: split at every empty line. See 3.3.")


def _cut_anywhere(parse: Parse) -> None:
    data = "data: é\n\ndata: tea\u2028cup\n\n".encode()
    for at in range(1, len(data)):
        try:
            found = list(parse([data[:at], data[at:]]))
        except UnicodeDecodeError:
            raise Wrong(f"UnicodeDecodeError when the cut is at byte {at}: it goes "
                        "through a character. Join the bytes first, and decode what "
                        "is whole. See 3.4.") from None
        if found != ["é", "tea\u2028cup"]:
            raise Wrong(f"Cut at byte {at} you gave {found}. Reads have nothing to do "
                        "with events: keep the rest for the next read. And U+2028 is "
                        "no line end here: split at \"\\n\". See 3.4.")


def _standard(parse: Parse) -> None:
    found = list(parse([STREAM[at : at + 5] for at in range(0, len(STREAM), 5)]))
    if "unfinished" in found:
        raise Wrong("You delivered `unfinished`, behind which no empty line has come: "
                    "it may be cut off, so it is never delivered. See 3.4.")
    if found != PAYLOADS:
        raise Wrong(f"Expected {PAYLOADS}, got {found}. A line that begins with a "
                    "colon is a comment; *one* space after `data:` goes; several data "
                    "lines are one payload, joined by a line end. See the side path "
                    "of 03.")


ENDINGS = {
    "complete": [*(f'{{"token": "{n} "}}' for n in range(5)), "[DONE]"],
    "failed": ['{"token": "0 "}', '{"token": "1 "}',
               '{"error": {"message": "out of memory"}}', "[DONE]"],
    "truncated": ['{"token": "0 "}', '{"token": "1 "}', '{"token": "2 "}'],
}
SENT = {"complete": "0 1 2 3 4 ", "failed": "0 1 ", "truncated": "0 1 2 "}


def _server(payloads: list[str]) -> BackgroundServer:
    app = FastAPI()

    async def events() -> Any:
        for payload in payloads:
            yield sse.encode(payload)

    @app.post("/generate")
    async def generate(body: dict[str, Any]) -> StreamingResponse:
        return StreamingResponse(events(), media_type=sse.MEDIA_TYPE)

    return BackgroundServer(app)


def _ended(how: str, read_answer: Read) -> None:
    """3.3 against a server whose stream ends in that way."""
    payloads = ENDINGS[how]
    with _server(payloads) as server:
        try:
            text, said = read_answer(server.url, "Hi")
        except json.JSONDecodeError:
            raise Wrong("JSONDecodeError: `[DONE]` is a flag, not JSON. Compare before "
                        "you parse. See 3.5.") from None
        except KeyError as error:
            raise Wrong(f"KeyError {error}: the event with an error has no token. Look "
                        "for `error` first. See 3.6.") from None
    if said != how:
        raise Wrong(f"The server sent {payloads[-2:]} at the end, and you said "
                    f"{said!r}; expected {how!r}. The status was always 200; it says "
                    "nothing about what comes after it. See 3.5 and 3.6.")
    if text != SENT[how]:
        raise Wrong(f"The text was {text!r}; expected {SENT[how]!r}: what has arrived "
                    "stays, however it ended.")


def _naive_client(token: str) -> tuple[str, bool]:
    """What a client reads of `token` and a second one, from the naive server."""
    wire = "".join(f"data: {each}\n\n" for each in (token, "next", "[DONE]"))
    text = ""
    for event in sse.Decoder().feed(wire.encode()):
        if event.data == sse.DONE:
            return text, True
        text += event.data
    return text, False


def _loses(poison: Poison) -> None:
    token, _ = poison()
    text, _ = _naive_client(token)
    if text == f"{token}next":
        what = ("An empty event is an event" if not token else
                "This format cares about line ends only")
        raise Wrong(f"{token!r} came back whole. {what}: which character would cut "
                    "the token in two lines, of which one is no data line? See 3.2.")
    if text == "":
        raise Wrong(f"{token!r} ended the stream: that is the second task. The first "
                    "wants a token of which only a part is lost.")


def _forges(poison: Poison) -> None:
    _, token = poison()
    text, _ = _naive_client(token)
    if "next" in text:
        raise Wrong(f"After {token!r} the client read on and got {text!r}: nobody was "
                    "fooled. Which event makes a client stop, and how does a token "
                    "write a whole event? See 3.5.")
    if token == sse.DONE:
        raise Wrong("`[DONE]` alone does it, if the model says just that. Find one "
                    "that begins as ordinary text, so that no filter of whole tokens "
                    "sees it.")


def _drops(poison: Poison) -> None:
    tokens = poison()
    for token in tokens:
        wire = sse.encode({"token": token})
        back: Iterator[sse.Event] = sse.Decoder().feed(wire)
        if [json.loads(event.data)["token"] for event in back] != [token]:
            raise Wrong(f"{token!r} is no text that JSON can hold.")


EXERCISES = [
    Exercise("3.1", "Write an event", "encode_event", 6,
             (_is_one_event, _is_json, _comes_back)),
    Exercise("3.2", "Parse, however it is cut", "parse", 12,
             (_whole, _cut_anywhere, _standard), core=True),
    Exercise("3.3", "A client that knows how it ended", "read_answer", 10,
             tuple(partial(_ended, how) for how in ENDINGS), core=True),
    Exercise("3.4", "Break it: poison", "poison", 6, (_loses, _forges, _drops)),
]
