"""Token ids in, text out, a piece at a time.

Two things make this more than `tokenizer.decode(id)`. A character may be spread over
several tokens ("😀" is four bytes), so a piece is held back until its bytes are whole.
And a stop string may be spread over several tokens too, so what could be its beginning
is held back until it is clear. The promise: the pieces joined are the whole text.
"""

from typing import Protocol

INCOMPLETE = "\ufffd"
"""What a decoder writes for bytes that are not a character (yet)."""


class Tokenizer(Protocol):
    """The part of a transformers tokenizer that is used here."""

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool) -> str:
        """The text of `token_ids`."""


class Detokenizer:
    """Turns the ids of one request into pieces of text as they come.

    `stop` are the strings that end the answer. `stopped` becomes True at the step that
    completed one of them; everything from its first character on is dropped.
    """

    def __init__(self, tokenizer: Tokenizer, stop: tuple[str, ...] = ()) -> None:
        self._tokenizer = tokenizer
        self._stop = stop
        self._ids: list[int] = []
        self._start = 0  # first id of the window that is decoded again each step
        self._read = 0  # ids before this one are in the text already
        self._held = ""  # text that may be the beginning of a stop string
        self.stopped = False

    def push(self, token_id: int) -> str:
        """Add one id; return the text that is now certain, often a word, maybe ""."""
        self._ids.append(token_id)
        return self._release(self._decode_new(final=False), final=False)

    def finish(self) -> str:
        """Return what was still held back; called once, when no more ids come."""
        return self._release(self._decode_new(final=True), final=True)

    def _decode_new(self, final: bool) -> str:
        """Text of the ids that were not read yet, or "" while it ends mid-character.

        The window begins one piece before the new ids because some tokenizers write a
        word differently at the beginning of a text (Llama 2 drops its space there).
        """
        window = self._decode(self._ids[self._start :])
        if window.endswith(INCOMPLETE) and not final:
            return ""
        known = self._decode(self._ids[self._start : self._read])
        if len(window) > len(known):  # a window must not begin with an id without text
            self._start = self._read
        self._read = len(self._ids)
        return window[len(known) :]

    def _decode(self, ids: list[int]) -> str:
        return self._tokenizer.decode(ids, skip_special_tokens=True) if ids else ""

    def _release(self, new: str, final: bool) -> str:
        if self.stopped:
            return ""
        text = self._held + new
        found = [at for stop in self._stop if (at := text.find(stop)) >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        keep = 0 if final else self._possible_stop(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def _possible_stop(self, text: str) -> int:
        """Length of the longest end of `text` that a stop string begins with."""
        longest = max((len(stop) for stop in self._stop), default=0) - 1
        for length in range(min(longest, len(text)), 0, -1):
            if any(stop.startswith(text[-length:]) for stop in self._stop):
                return length
        return 0
