"""The byte ruler: a strip of bytes as they came, and the events found in them.

Vertical cuts show where each read ended. They move with the network; the events below
the strip do not.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from lab_utils.plots.canvas import NARROW, Axis, Canvas, number, round_up
from lab_utils.plots.guess import Guess
from lab_utils.plots.picture import Picture
from lab_utils.server.sse import Decoder

CELL, BOX, ROW, EVENT = 11, 26, 48, 30
"""Width of a byte, height of its box, from row to row, from event to event; pixels."""

MOST_EVENTS = 9

HEAD = re.compile(rb"HTTP/.*?\r\n\r\n", re.DOTALL)
FIELD = re.compile(rb"(?:data|event|id|retry)(?:: ?|$)")
LINE = re.compile(rb"([^\r\n]*)(\r\n|\r|\n|$)")
SIGNS = {"\r\n": "↵", "\n": "↵", "\r": "←"}


def read_events(chunks: Iterable[bytes]) -> Iterator[str]:
    """The data of each event in `chunks`, by the library's own decoder."""
    decoder = Decoder()
    for chunk in chunks:
        for event in decoder.feed(chunk):
            yield event.data


def ruler(
    stream: bytes | Sequence[bytes],
    *,
    title: str = "",
    parse: Callable[[Iterable[bytes]], Iterable[str]] = read_events,
    guess: Guess | None = None,
    count: tuple[str, float] | None = None,
) -> Picture:
    """Draw the bytes of `stream`, and below them the events.

    stream: the bytes, or the reads they came in: then with a cut behind each.
    parse: finds the events; a ValueError of it is shown in their place.
    guess: drawn as a diamond on a number line, beside what was counted.
    count: what the guess is about and what it came to, such as ("status", 200); None
        counts the reads.
    """
    cut = not isinstance(stream, bytes)
    reads = [stream] if isinstance(stream, bytes) else list(stream)
    found = arrivals(reads, parse)
    name, value = count or ("reads", len(reads))
    words = (_many(sum(map(len, reads)), "byte")
             + (f" in {_many(len(reads), 'read')}" if cut else "")
             + f", {_many(len(found), 'event')}.")
    if guess is not None:
        words += f" {name}: {number(value)}; {guess}."
    table = [["data", "complete with read"], *([data, str(at)] for data, at in found)]
    draw = partial(_draw, reads, found, title, (name, value), guess, cut)
    return Picture(title or "Bytes and events", words, draw, table)


def arrivals(
    reads: Iterable[bytes], parse: Callable[[Iterable[bytes]], Iterable[str]]
) -> list[tuple[str, int]]:
    """Each event's data, and the number of the read that completed it, from 1 on."""
    begun: list[bytes] = []

    def counted() -> Iterator[bytes]:
        for read in reads:
            begun.append(read)
            yield read

    found: list[tuple[str, int]] = []
    try:
        for data in parse(counted()):
            found.append((data, len(begun)))
    except ValueError as error:
        found.append((f"✕ {type(error).__name__}", len(begun)))
    return found


def parts(stream: bytes) -> list[str]:
    """What each byte of `stream` is part of: "head", "name", "payload", "line" (the
    end of a line), "blank" (the blank line that ends an event) or "ignored"."""
    head = HEAD.match(stream)
    kinds = ["head"] * (head.end() if head else 0)
    filled = False
    while len(kinds) < len(stream):
        line = LINE.match(stream, len(kinds))
        assert line is not None
        text, end = line.groups()
        field = FIELD.match(text)
        kinds += ["name"] * (field.end() if field else 0)
        kinds += ["payload" if field else "ignored"] * (line.end(1) - len(kinds))
        if not text and filled:  # the line end in front of it is shown as part of it
            kinds[-1] = "blank"
        filled = bool(text)
        kinds += ["line" if text else "blank"] * len(end)
    return kinds


def signs(stream: bytes) -> list[tuple[str, int]]:
    """The characters of `stream`, each with the number of its bytes."""
    text = stream.decode(errors="surrogateescape")
    return [
        ("�", 1) if "\udc80" <= sign <= "\udcff"
        else (SIGNS.get(sign, sign), len(sign.encode()))
        for sign in re.findall("\r\n|.", text, re.DOTALL)
    ]


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _draw(
    reads: list[bytes], found: list[tuple[str, int]], title: str,
    count: tuple[str, float], guess: Guess | None, cut: bool, width: int,
) -> Canvas:
    stream, per_row = b"".join(reads), int((width - 8) // CELL)
    top = 58 if title else 26
    events = top + max(1, -(-len(stream) // per_row)) * ROW + 34
    shown = min(len(found), MOST_EVENTS) + (len(found) > MOST_EVENTS)
    legend = events + max(shown, 1) * EVENT + (96 if guess else 10)
    below = (66 if guess else 38) + (30 if width <= NARROW else 0)
    canvas = Canvas(width, legend + below)
    canvas.text(0, 22, title, "bold", size=18 if width <= NARROW else 20)
    _strip(canvas, stream, per_row, top)
    if cut:
        _cuts(canvas, reads, per_row, top)
    _events(canvas, found, events, cut)
    if guess is not None:
        _number_line(canvas, count, guess, legend - 62)
    _legend(canvas, {*parts(stream), *(["cut"] if cut else [])}, guess, legend)
    return canvas


def _strip(canvas: Canvas, stream: bytes, per_row: int, top: float) -> None:
    kinds, at = parts(stream), 0
    if not stream:
        canvas.text(4, top + 19, "not one byte", "soft")
    while at < len(stream):  # neighbours of one kind share a box
        end = at + 1
        while end < len(stream) and kinds[end] == kinds[at] and end % per_row:
            end += 1
        y = top + at // per_row * ROW
        _box(canvas, at % per_row * CELL + 4, y, (end - at) * CELL, kinds[at])
        at = end
    at = 0
    inks = {"name": "paper mono", "blank": "paper mono", "payload": "mono"}
    for sign, size in signs(stream):
        x, y = at % per_row * CELL + 4, top + at // per_row * ROW
        room = min(size, per_row - at % per_row) * CELL
        if sign != " ":
            canvas.text(x + room / 2, y + 19, sign, inks.get(kinds[at], "soft mono"),
                        size=16, anchor="middle")
        if size > 1:
            canvas.line(x + 2, y + BOX + 3, x + room - 2, y + BOX + 3, "ink")
        at += size


def _box(canvas: Canvas, x: float, y: float, width: float, kind: str) -> None:
    solid = {"name": "fill first", "blank": "fill alive"}.get(kind)
    if solid or kind in ("payload", "line"):
        canvas.rect(x, y, width, BOX, solid or "band")
    if kind == "payload":
        canvas.line(x, y + BOX - 1, x + width, y + BOX - 1, "token")
    if kind == "ignored":
        canvas.line(x, y + BOX / 2, x + width, y + BOX / 2, "late thin")


def _cuts(canvas: Canvas, reads: list[bytes], per_row: int, top: float) -> None:
    marks: list[tuple[float, float, float, float]] = []
    start = 0
    for index, read in enumerate(reads, 1):
        row, column = divmod(start, per_row)
        room = min(len(read), per_row - column) * CELL
        label = next((text for text in (f"read {index}", str(index))
                      if len(text) * 9.5 + 4 < room), "")
        canvas.text(column * CELL + 7, top + row * ROW - 5, label, "late", size=15)
        start += len(read)
        row, column = divmod(start - 1, per_row)
        x, y = (column + 1) * CELL + 4, top + row * ROW
        marks.append((x, y - 8, x, y + BOX + 6))
    canvas.rows(marks, "late thin" if len(reads) > 40 else "late")


def _events(
    canvas: Canvas, found: list[tuple[str, int]], top: float, cut: bool
) -> None:
    edge = canvas.width - (130 if cut else 4)
    whole = sum(not data.startswith("✕") for data, _ in found)
    canvas.text(0, top - 8, f"{_many(whole, 'event')} found", "soft")
    canvas.text(edge + 8, top - 8, "complete" if found and cut else "", "soft")
    room = int(edge / 9.8) - 3
    for at, (data, read) in enumerate(found[:MOST_EVENTS]):
        y = top + EVENT * at
        canvas.rect(0, y, edge, 26, "band")
        canvas.rect(0, y, 5, 26, f"fill {'late' if data[:1] == '✕' else 'token'}")
        text = data if len(data) <= room else data[: room - 1] + "…"
        canvas.text(14, y + 19, text, "mono", size=16)
        said = f"with read {read}" if cut else ""
        canvas.text(edge + 8, y + 19, said, "soft", size=16)
    if len(found) > MOST_EVENTS:
        more = f"and {len(found) - MOST_EVENTS} more"
        canvas.text(14, top + EVENT * MOST_EVENTS + 19, more, "soft")


def _number_line(
    canvas: Canvas, count: tuple[str, float], guess: Guess, y: float
) -> None:
    name, value = count
    most = round_up(1.15 * max(value, guess.value, 1))
    axis = Axis((0, most), 14, canvas.width - 40)
    canvas.time_axis(axis, y, "")
    canvas.guess(axis.at(guess.value), y)
    canvas.dot(axis.at(value), y, "ink", 6)
    on_right = axis.at(value) > canvas.width * 0.6
    canvas.text(axis.at(value) + (8 if on_right else -6), y - 16,
                f"{name}: {number(value)}", "bold",
                anchor="end" if on_right else "start")


def _legend(
    canvas: Canvas, kinds: set[str], guess: Guess | None, y: float
) -> None:
    x = 4.0
    names = {"name": "field name", "payload": "payload", "blank": "blank line",
             "ignored": "ignored", "cut": "a read ended"}
    for kind, words in names.items():
        if kind not in kinds:
            continue
        if x + 42 + len(words) * 8.6 > canvas.width:
            x, y = 4.0, y + 30
        _box(canvas, x, y + 3, 24, kind)
        if kind == "cut":
            canvas.line(x + 12, y, x + 12, y + 30, "late")
        canvas.text(x + 32, y + 22, words, "soft")
        x += 50 + len(words) * 8.6
    if guess is not None:
        canvas.legend(y + 52, [("guess", str(guess))])
