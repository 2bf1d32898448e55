"""Exercises for notebook 02: pulls, prefill and decode, and text that is cut."""

from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from tokenizers import Tokenizer

from lab_utils.exercises.exercise import Exercise, Wrong

Take = Callable[[Iterator[int], int], list[int]]
Decode = Callable[..., list[int]]
Stream = Callable[..., Iterator[dict[str, Any]]]

VOCABULARY = 257
EOS = 256
TOO_MANY = 1000


class _Counting(Iterator[int]):
    """0, 1, 2, … up to `length`; counts how often it was asked."""

    def __init__(self, length: int = TOO_MANY) -> None:
        self.asked = 0
        self._length = length

    def __next__(self) -> int:
        self.asked += 1
        if self.asked > TOO_MANY:
            raise Wrong(f"You asked for 5 and {TOO_MANY} were made, with no end in "
                        "sight: `list` and a `for` without an end pull everything. "
                        "See 2.5.")
        if self.asked > self._length:
            raise StopIteration
        return self.asked - 1


def _right_items(take: Take) -> None:
    for length, n in ((60, 5), (3, 5), (60, 1)):
        found = take(_Counting(length), n)
        expected = list(range(min(length, n)))
        if list(found) != expected:
            raise Wrong(f"Of a generator of {length}, take(gen, {n}) gave {found}; "
                        f"expected {expected}.")


def _no_step_more(take: Take) -> None:
    gen = _Counting(60)
    take(gen, 5)
    if gen.asked != 5:
        raise Wrong(f"{gen.asked} steps for 5 tokens: the generator was pulled "
                    f"{gen.asked - 5} times too often. A pull is paid for even if "
                    "nobody looks at what it brings. See 2.5.")


def _nothing_for_zero(take: Take) -> None:
    gen = _Counting(60)
    found = take(gen, 0)
    if gen.asked or list(found):
        raise Wrong(f"n = 0 gave {found} and pulled {gen.asked} times; it must not "
                    "touch the generator. See 2.5.")


def _endless(take: Take) -> None:
    take(_Counting(), 5)


class _Model:
    """Logits from all ids that were pushed so far; notes how many each pass pushed."""

    def __init__(self, script: list[int] | None = None) -> None:
        self.fed: list[int] = []
        self._script = script

    def __call__(
        self, ids: list[int], cache: list[int] | None = None
    ) -> tuple[list[float], list[int]]:
        if len(self.fed) > TOO_MANY:
            raise Wrong(f"{TOO_MANY} passes and no end: stop after `n` tokens.")
        self.fed.append(len(ids))
        seen = [*(cache or []), *ids]
        logits = [0.0] * VOCABULARY
        if self._script is not None:
            logits[self._script[min(len(self.fed), len(self._script)) - 1]] = 1.0
        else:
            logits[(7 * sum(seen) + 3 * len(seen)) % (VOCABULARY - 1)] = 1.0
        return logits, seen


PROMPT = [5, 9, 33, 60, 2]


@cache
def _reference(n: int) -> tuple[int, ...]:
    ids = list(PROMPT)
    for _ in range(n):
        logits, _cache = _Model()(ids)
        ids.append(logits.index(1.0))
    return tuple(ids[len(PROMPT):])


def _same_ids(decode: Decode) -> None:
    model = _Model()
    found = decode(model, list(PROMPT), 10, EOS)
    if tuple(found) != _reference(10):
        raise Wrong(f"The ids are {list(found)[:4]} …; expected "
                    f"{list(_reference(4))} …. The passes pushed {model.fed[:4]} … "
                    "tokens: feed the prompt once, then only the new one; the cache "
                    "holds the rest. See 2.3.")


def _fed_once(decode: Decode) -> None:
    model = _Model()
    decode(model, list(PROMPT), 10, EOS)
    due, pushed = len(PROMPT) + 9, sum(model.fed)
    if pushed > due:
        raise Wrong(f"The text is right, and you pushed {pushed} tokens through the "
                    f"model instead of {due}. That is the staircase of 2.2; hand "
                    "the cache on, and do not compute logits that nobody reads.")


def _stops_at_eos(decode: Decode) -> None:
    model = _Model([7, 8, EOS, 9])
    found = decode(model, list(PROMPT), 10, EOS)
    if list(found) != [7, 8, EOS] or len(model.fed) != 3:
        raise Wrong(f"EOS came third, and you went on to {len(found)} tokens in "
                    f"{len(model.fed)} passes. Stop behind it, and keep it. See 2.6.")


class _Bytes:
    """A tokenizer whose tokens are the bytes of UTF-8."""

    eos_token_id = EOS

    def encode(self, text: str) -> list[int]:
        return list(text.encode())

    def decode(self, ids: list[int]) -> str:
        return bytes(id for id in ids if id != EOS).decode(errors="replace")


def _streamed(stream: Stream, text: str, limit: int) -> tuple[list[Any], _Model]:
    model = _Model([*text.encode(), EOS])
    return list(stream(model, _Bytes(), "Hi", limit)), model


def _first_after_one_pass(stream: Stream) -> None:
    model = _Model([*b"twenty", EOS])
    next(iter(stream(model, _Bytes(), "Hi", 20)))
    if len(model.fed) != 1:
        raise Wrong(f"The first item came after {len(model.fed)} passes. The point of "
                    "`yield` is that it comes after 1: yield inside the loop. See 2.6.")


def _joined_is_whole(stream: Stream) -> None:
    for text in ("plain", "a 😀 b", "é"):
        items, _ = _streamed(stream, text, 40)
        joined = "".join(item["token"] for item in items)
        if joined != text:
            raise Wrong(f"{text!r} arrived as {joined!r}. One character can be several "
                        "tokens: keep what is not finished yet, and decode it with the "
                        "next one. See the side path of 02, half characters.")


def _nothing_is_held_back(stream: Stream) -> None:
    items, _ = _streamed(stream, "a😀", 3)
    joined = "".join(item["token"] for item in items)
    if joined != _Bytes().decode(list("a😀".encode()[:3])):
        raise Wrong(f"Cut after 3 tokens, the text was {joined!r}: what was still held "
                    "back must come with the last item, even if it is half a "
                    "character.")


def _says_why(stream: Stream) -> None:
    for limit, due in ((40, "stop"), (3, "length")):
        items, _ = _streamed(stream, "plain", limit)
        reasons = [item["finish_reason"] for item in items]
        if reasons[-1:] != [due] or any(reasons[:-1]):
            raise Wrong(f"With max_tokens={limit} the reasons were {reasons}. Only the "
                        f"last item has one, here {due!r}: stop after EOS, length "
                        "where the limit ends it. See 2.6.")


@cache
def _tutor() -> Tokenizer:
    path = files("lab_utils.model") / "tutor" / "tokenizer.json"
    return Tokenizer.from_str(path.read_text(encoding="utf-8"))


def _naive_breaks(breaking_text: Callable[[], tuple[str, str]]) -> None:
    text, _ = breaking_text()
    if "\ufffd" in text:
        raise Wrong("Nice try: the sign \ufffd is in your text already, nobody broke "
                    "it.")
    ids = _tutor().encode(text).ids
    if "".join(_tutor().decode([id]) for id in ids) == text:
        kind = ("each is whole characters" if text.isascii() else
                "yours fits into single tokens here")
        raise Wrong(f"{text!r} is {len(ids)} tokens, and {kind}, so nothing breaks. "
                    "Print the ids of a character that is rare in English text. See "
                    "the side path of 02, half characters.")


def _because(breaking_text: Callable[[], tuple[str, str]]) -> None:
    _, why = breaking_text()
    if why != "b":
        raise Wrong(f"You chose {why!r}. Decode the ids of your text one by one, then "
                    "all at once: the same ids, once broken and once not. So neither "
                    "the model nor the tokenizer lost anything.")


EXERCISES = [
    Exercise("2.1", "Take five, pay for five", "take", 4,
             (_endless, _right_items, _no_step_more, _nothing_for_zero), core=True),
    Exercise("2.2", "Decode with a cache", "decode_greedy", 10,
             (_same_ids, _fed_once, _stops_at_eos), core=True),
    Exercise("2.3", "generate_stream", "generate_stream", 12,
             (_first_after_one_pass, _joined_is_whole, _nothing_is_held_back,
              _says_why)),
    Exercise("2.4", "Break it: the naive decoder", "breaking_text", 6,
             (_naive_breaks, _because)),
]
