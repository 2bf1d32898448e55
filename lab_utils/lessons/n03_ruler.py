"""The byte ruler: a strip of bytes as they came, and the events found in them.

Vertical cuts show where each read ended. They move with the network; the events below
the strip do not.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby

from lab_utils.lessons.n03_wire import parts, signs
from lab_utils.plots.axis import Axis, round_up
from lab_utils.plots.canvas import Canvas
from lab_utils.plots.guess import Guess
from lab_utils.plots.legend import Entry, guessed, legend
from lab_utils.plots.picture import Picture
from lab_utils.plots.text import SMALL, number, width_of
from lab_utils.sse import Decoder

Parse = Callable[[Iterable[bytes]], Iterable[str]]
Found = list[tuple[str, int]]
Count = tuple[str, float]

CELL, BOX, TOP, ROW, EVENT = 11, 26, 26, 48, 30
"""Width and height of a byte, first row, height of a row, and of an event; pixels."""

PARTS = {"name": "field name", "payload": "payload", "blank": "blank line",
         "ignored": "ignored", "cut": "a read ended"}
BOXES = {"name": "fill first", "payload": "band", "line": "band", "blank": "fill alive"}
INKS = {"name": "paper mono", "blank": "paper mono", "payload": "mono"}


def read_events(chunks: Iterable[bytes]) -> Iterator[str]:
    """The data of each event in `chunks`, by the library's own decoder."""
    decoder = Decoder()
    for chunk in chunks:
        for event in decoder.feed(chunk):
            yield event.data


def ruler(
    stream: bytes | Sequence[bytes], *, parse: Parse = read_events,
    guess: Guess | None = None, count: Count | None = None,
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
    words = _many(sum(map(len, reads)), "byte")
    words += f" in {_many(len(reads), 'read')}" if cut else ""
    words += f", {_many(len(found), 'event')}."
    if guess is not None:
        words += f" {name}: {number(value)}; {guess}."
    table = [["data", "complete with read"], *([data, str(at)] for data, at in found)]
    draw = partial(_draw, reads, found, (name, value), guess, cut)
    return Picture("Bytes and events", words, draw, table)


def arrivals(reads: Iterable[bytes], parse: Parse) -> Found:
    """Each event's data, and the number of the read that completed it, from 1 on."""
    begun: list[bytes] = []

    def counted() -> Iterator[bytes]:
        for read in reads:
            begun.append(read)
            yield read

    found: Found = []
    try:
        for data in parse(counted()):
            found.append((data, len(begun)))
    except ValueError as error:
        found.append((f"✕ {type(error).__name__}", len(begun)))
    return found


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _draw(
    reads: list[bytes], found: Found, count: Count, guess: Guess | None, cut: bool,
    width: int,
) -> Canvas:
    canvas = Canvas(width)
    stream, per_row = b"".join(reads), (width - 8) // CELL
    _strip(canvas, stream, per_row)
    if cut:
        _cuts(canvas, reads, per_row)
    rows = max(1, -(-len(stream) // per_row))
    y = _events(canvas, found, TOP + rows * ROW + 34, cut)
    if guess is not None:
        y += 34
        _number_line(canvas, count, guess, y)
    legend(canvas, y if guess else y - 24, [*_kinds(stream, cut), *guessed(guess)])
    return canvas


def _place(at: int, per_row: int) -> tuple[float, float]:
    row, column = divmod(at, per_row)
    return column * CELL + 4, TOP + row * ROW


def _strip(canvas: Canvas, stream: bytes, per_row: int) -> None:
    kinds = parts(stream)
    if not stream:
        canvas.text(4, TOP + 19, "not one byte", "soft")
    # Neighbours of one kind share a box, in a row.
    for (_, kind), group in groupby(
        range(len(stream)), lambda at: (at // per_row, kinds[at])
    ):
        at, *more = group
        _box(canvas, *_place(at, per_row), (1 + len(more)) * CELL, kind)
    at = 0
    for sign, size in signs(stream):
        room = min(size, per_row - at % per_row) * CELL
        _sign(canvas, *_place(at, per_row), room, sign, kinds[at])
        at += size


def _sign(
    canvas: Canvas, x: float, y: float, room: float, sign: str, kind: str
) -> None:
    """A character in its bytes' box, underlined if they are more than one."""
    if sign != " ":
        canvas.text(x + room / 2, y + 19, sign, INKS.get(kind, "soft mono"),
                    size=SMALL, anchor="middle")
    if room > CELL:
        canvas.line(x + 2, y + BOX + 3, x + room - 2, y + BOX + 3, "ink")


def _box(
    canvas: Canvas, x: float, y: float, width: float, kind: str, height: float = BOX
) -> None:
    if kind in BOXES:
        canvas.rect(x, y, width, height, BOXES[kind])
    if kind == "payload":
        canvas.line(x, y + height - 1, x + width, y + height - 1, "token")
    if kind == "ignored":
        canvas.line(x, y + height / 2, x + width, y + height / 2, "late thin")


def _cuts(canvas: Canvas, reads: list[bytes], per_row: int) -> None:
    marks, start = [], 0
    for index, read in enumerate(reads, 1):
        x, y = _place(start, per_row)
        room = min(len(read), per_row - start % per_row) * CELL
        label = f"read {index}" if room > 80 else str(index)
        if width_of(label, size=SMALL) + 4 < room:
            canvas.text(x + 3, y - 5, label, "late", size=SMALL)
        start += len(read)
        x, y = _place(start - 1, per_row)
        marks.append((x + CELL, y - 8, x + CELL, y + BOX + 6))
    canvas.rows(marks, "late thin" if len(reads) > 40 else "late")


def _events(canvas: Canvas, found: Found, y: float, cut: bool) -> float:
    """A row for each event. Returns where they end."""
    edge = canvas.width - (130 if cut else 4)
    whole = sum(not data.startswith("✕") for data, _ in found)
    canvas.text(0, y - 8, f"{_many(whole, 'event')} found", "soft")
    if found and cut:
        canvas.text(edge + 8, y - 8, "complete", "soft")
    for data, read in found:
        _event(canvas, edge, y, data)
        if cut:
            canvas.text(edge + 8, y + 19, f"with read {read}", "soft", size=SMALL)
        y += EVENT
    return y


def _event(canvas: Canvas, edge: float, y: float, data: str) -> None:
    """What it said, cut where there is no room for more."""
    canvas.rect(0, y, edge, 26, "band")
    canvas.rect(0, y, 5, 26, f"fill {'late' if data[:1] == '✕' else 'token'}")
    room = int((edge - 18) / width_of("m", "mono", SMALL))
    text = data if len(data) <= room else data[: room - 1] + "…"
    canvas.text(14, y + 19, text, "mono", size=SMALL)


def _number_line(canvas: Canvas, count: Count, guess: Guess, y: float) -> None:
    name, value = count
    axis = Axis((0, round_up(1.15 * max(value, guess.value, 1))), 14, canvas.width - 40)
    canvas.axis(axis, y, "")
    canvas.guess(axis.at(guess.value), y)
    canvas.dot(axis.at(value), y, "ink", 6)
    on_right = axis.at(value) > canvas.width * 0.6
    canvas.text(axis.at(value) + (8 if on_right else -6), y - 16,
                f"{name}: {number(value)}", "bold",
                anchor="end" if on_right else "start")


def _kinds(stream: bytes, cut: bool) -> list[Entry]:
    """The legend of the parts that are there."""
    there = {*parts(stream), *["cut"] * cut}
    return [(partial(_sample, kind), words) for kind, words in PARTS.items()
            if kind in there]


def _sample(kind: str, canvas: Canvas, x: float, y: float) -> None:
    if kind == "cut":
        canvas.line(x, y - 10, x, y + 10, "late")
    _box(canvas, x - 12, y - 9, 24, kind, 18)
