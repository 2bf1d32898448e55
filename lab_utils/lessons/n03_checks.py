"""What notebook 03 tries with the reader's `parse`."""

from collections.abc import Callable, Iterable

from lab_utils.lessons.your_turn import Case, check

CASES = [
    Case([b"data: a\n\n"], ["a"],
         "An event is what stands before a blank line; its payload stands behind "
         "`data: `. Cut the buffer at b\"\\n\\n\", and the event at \"\\n\"."),
    Case([b"data: a\n\ndata: b\n\n"], ["a", "b"],
         "Two events came in one read. A read is whatever has arrived, not an event: "
         "split at every blank line."),
    Case([b"data: a\n\nda", b"ta: b\n\n"], ["a", "b"],
         "The second event came in two reads. Join: what is left in the buffer stands "
         "before the new chunk."),
    Case([b"data: a\n\n", b"data: b"], ["a"],
         "`data: b` has no blank line behind it yet; it may become `data: bread`. The "
         "last part stays in the buffer."),
    Case(["data: é\n\n".encode()[:7], "data: é\n\n".encode()[7:]], ["é"],
         "The cut goes through the two bytes of é, and half a character is no text. "
         "Decode an event, which is whole, and never a chunk."),
    Case(["data: tea\u2028cup\n\n".encode()], ["tea\u2028cup"],
         "`\\u2028` belongs to the payload; `splitlines()` takes it for a line end. "
         "Here only \"\\n\" is one: `split(\"\\n\")`."),
]


def check_parse(parse: Callable[[Iterable[bytes]], Iterable[str]]) -> None:
    """Say what is wrong with it, or that it holds; raises NotYet."""
    check(parse, CASES)
