"""Server-Sent Events: bytes out (`encode`) and bytes in (`Decoder`), without any I/O.

The standard is WHATWG HTML, section 9.2, "Server-sent events":
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MEDIA_TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
"""Ask caches and nginx to pass every event on at once."""

DONE = "[DONE]"
"""The data of the last event, OpenAI's sign for the end: a flag, not JSON."""

LINE_END = re.compile(rb"[\r\n]")


def encode(data: dict[str, Any] | str) -> bytes:
    r"""One event: `data: ` + JSON + an empty line; a `str` is sent as it is.

    JSON hides every line break in the text, and `json.dumps` escapes all but ASCII, so
    that readers who also split lines at U+2028 or U+0085 find none.
    """
    payload = data if isinstance(data, str) else json.dumps(data)
    return f"data: {payload}\n\n".encode()


def comment(text: str = "") -> bytes:
    """A line that every reader ignores; it keeps a silent connection open."""
    return f": {text}\n\n".encode()


@dataclass(frozen=True, slots=True)
class Event:
    """One event as the standard delivers it; `data` has its lines joined by LF."""

    data: str
    event: str = "message"
    id: str = ""
    retry: int | None = None


class Decoder:
    """Bytes in, events out, however the network cut the bytes.

    Lines end at CRLF, LF or CR and nowhere else; an event ends at an empty line; what
    comes after the last empty line is never delivered.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._first_line = True
        self._skip_lf = False
        self._data: list[str] = []
        self._event = ""
        self._id = ""
        self._retry: int | None = None

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Add `chunk`, of any length; yield the events that it completed."""
        self._buffer += chunk
        while (line := self._take_line()) is not None:
            if line:
                self._field(line)
            elif (event := self._dispatch()) is not None:
                yield event

    def _take_line(self) -> str | None:
        # A line that ended with CR was taken at once; the LF of a CRLF comes later.
        if self._skip_lf and self._buffer:
            self._buffer = self._buffer.removeprefix(b"\n")
            self._skip_lf = False
        end = LINE_END.search(self._buffer)
        if end is None:
            return None
        line = self._buffer[: end.start()].decode(errors="replace")
        self._buffer = self._buffer[end.end() :]
        self._skip_lf = end.group() == b"\r"
        if self._first_line:
            line, self._first_line = line.removeprefix("\ufeff"), False
        return line

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self._retry = int(value)
        # Everything else is ignored, and so is a comment: its name is empty.

    def _dispatch(self) -> Event | None:
        event = Event("\n".join(self._data), self._event or "message", self._id,
                      self._retry)
        ready = bool(self._data)
        self._data, self._event, self._retry = [], "", None
        return event if ready else None
