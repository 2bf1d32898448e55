"""Sums and differences below one hundred, with pairs the training never sees."""

import random
from functools import cache
from itertools import combinations_with_replacement

from lab_utils.training.lists import load_lists
from lab_utils.training.pairs import Pair

HELD_OUT_SHARE = 0.1
"""Share of the two-digit pairs that the training text never contains."""

SUM_FORMS = load_lists("questions.txt")["sum"]
"""Ways to ask for `a + b`; the plainest one counts three times."""

DIFFERENCE_FORMS = load_lists("questions.txt")["difference"]
"""Ways to ask for `a - b`; the plainest one counts three times."""

NUMERALS = "zero one two three four five six seven eight nine"
WORDS = tuple(NUMERALS.split())
"""One-digit numbers as people may write them."""


@cache
def held_out_pairs() -> frozenset[tuple[int, int]]:
    """The unordered two-digit pairs `(small, large)` kept out of all training text."""
    pairs = list(combinations_with_replacement(range(10, 100), 2))
    count = int(len(pairs) * HELD_OUT_SHARE)
    return frozenset(random.Random(2026).sample(pairs, count))


def is_held_out(a: int, b: int) -> bool:
    """Whether `a` and `b`, in either order, are kept out of the training text."""
    return (min(a, b), max(a, b)) in held_out_pairs()


def answer_text(value: int) -> str:
    """The one form in which every sum and difference is answered."""
    return f"The answer is {value}."


def _number(rng: random.Random) -> int:
    """A number below one hundred, most often of two digits."""
    return rng.randrange(10, 100) if rng.random() < 0.85 else rng.randrange(10)


def _operands(rng: random.Random) -> tuple[int, int]:
    """Two numbers that are free to be trained on, in one of five cases of one digit."""
    if rng.random() < 1 / 5:
        return rng.randrange(10), rng.randrange(10)
    while True:
        a, b = _number(rng), _number(rng)
        if not is_held_out(a, b):
            return a, b


def arithmetic_pair(rng: random.Random) -> Pair:
    """A random sum (two in three) or difference with its answer."""
    a, b = _operands(rng)
    if rng.random() < 2 / 3:
        question, value = rng.choice(SUM_FORMS), a + b
    else:
        question, value = rng.choice(DIFFERENCE_FORMS), a - b
    if a < 10 and b < 10 and rng.random() < 0.25:
        question = question.format(a=WORDS[a], b=WORDS[b])
    return Pair(question.format(a=a, b=b), answer_text(value), "sum")


def counting_pair(rng: random.Random) -> Pair:
    """A random request to count up, by at most twenty steps, with the numbers."""
    first = rng.choice((1, 1, rng.randrange(2, 81)))
    return count(rng, first, first + rng.randrange(2, 21))


def long_counting_pair(rng: random.Random) -> Pair:
    """A random request to count from one to at most one hundred."""
    return count(rng, 1, rng.randrange(20, 101))


def count(rng: random.Random, first: int, last: int) -> Pair:
    """A request to count from `first` to `last`, with the numbers."""
    name = "count from" if first > 1 else "count"
    form = rng.choice(load_lists("questions.txt")[name])
    numbers = ", ".join(map(str, range(first, last + 1)))
    return Pair(form.format(a=first, b=last), f"{numbers}.", "count")
