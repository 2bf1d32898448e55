"""What notebook 02 tries with the reader's `cache_bytes` and `generate_stream`."""

from collections.abc import Callable, Iterable
from functools import wraps
from itertools import islice
from types import SimpleNamespace
from typing import NamedTuple

from lab_utils.lessons.n02_box import Pass
from lab_utils.lessons.your_turn import Case, check

Item = tuple[str, int, str | None]


class Cache(NamedTuple):
    """The shape of a cache."""

    layers: int = 1
    heads: int = 1
    size: int = 1
    tokens: int = 1
    bytes_each: int = 1


class Asked(NamedTuple):
    """A prompt, and how many items are pulled of its answer."""

    prompt: str
    max_tokens: int
    pulled: int


SUM = "What is 2 + 2?"
"""Six tokens; the answer has five and then EOS."""

CACHES = [
    Case(Cache(), 2, "A token leaves two lists in a layer: a key *and* a value."),
    Case(Cache(layers=5), 10, "Each layer keeps keys and values of its own."),
    Case(Cache(heads=3, size=4), 24,
         "A key has `size` numbers for each of `heads` parts, and so has a value."),
    Case(Cache(tokens=7), 14, "Each token leaves its own."),
    Case(Cache(bytes_each=4), 8, "Bytes are asked for: so many for each number."),
]

ANSWERS = [
    Case(Asked(SUM, 3, pulled=1), ([("The", 374, None)], [6]),
         "One pull, one item, one pass: the prefill pushes the whole prompt. `yield` "
         "text, id and reason at once; `new` is a list, the id is `new[0]`."),
    Case(Asked(SUM, 3, pulled=3), ([(" is", 303, "length")], [6, 1, 1]),
         "A decode step pushes `new` alone, with the `cache` of the step before. The "
         "last token that `max_tokens` allows has the reason `length`."),
    Case(Asked(SUM, 9, pulled=9), ([("", 1, "stop")], [6, 1, 1, 1, 1, 1]),
         "EOS, `tokenizer.eos_token_id`, ends the answer: no text, reason `stop`."),
    Case(Asked(SUM, 6, pulled=9), ([("", 1, "stop")], [6, 1, 1, 1, 1, 1]),
         "EOS came as the last token that was allowed. The model was done: `stop`, "
         "not `length`."),
]


def check_cache_bytes(cache_bytes: Callable[[SimpleNamespace, int, int], int]) -> None:
    """Say what is wrong with it, or that it holds; raises NotYet."""

    @wraps(cache_bytes)
    def of(cache: Cache) -> int:
        config = SimpleNamespace(
            num_hidden_layers=cache.layers, num_key_value_heads=cache.heads,
            head_dim=cache.size,
        )
        return cache_bytes(config, cache.tokens, cache.bytes_each)

    check(of, CACHES)


def check_generate_stream(
    generate_stream: Callable[[str, int], Iterable[Item]], passes: list[Pass]
) -> None:
    """Say what is wrong with it, or that it holds; raises NotYet.

    Of each answer the last item that was pulled is compared, and how many tokens each
    pass pushed, as the diary `passes` has noted them.
    """

    @wraps(generate_stream)
    def pulled(asked: Asked) -> tuple[list[Item], list[int]]:
        passes.clear()
        stream = generate_stream(asked.prompt, asked.max_tokens)
        items = list(islice(stream, asked.pulled))
        return items[-1:], [n for n, _ in passes]

    check(pulled, ANSWERS)
