"""The training text as rows of token ids: bare questions and chats, in two lengths."""

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from transformers import PreTrainedTokenizerFast

from lab_utils.training.arithmetic import (
    arithmetic_pair,
    counting_pair,
    long_counting_pair,
)
from lab_utils.training.pairs import Pair
from lab_utils.training.small_talk import talk_pair
from lab_utils.training.stories import NAMES, story_pair
from lab_utils.training.terms import term_pair
from lab_utils.training.tokenizer import ASSISTANT, END, SYSTEM, USER

KINDS = ("sum", "term", "talk", "story", "count", "chat")
"""What the loss is reported by; "chat" is a conversation of several turns."""

SYSTEM_MESSAGES = (
    "You are tutor, a tiny language model.",
    "You are a helpful assistant.",
    "You are a friendly teacher.",
    "Answer in one or two sentences.",
    "You help students with a series of lessons.",
    "Be short and kind.",
)

Conversation = tuple[str, list[Pair]]
"""A system message ("" for none, "bare" for a single raw question) and its turns."""


class Row(NamedTuple):
    """One training row: token ids, whether each one is to be learned, and its kind."""

    ids: list[int]
    learned: list[bool]
    kind: str


def short_pair(rng: random.Random) -> Pair:
    """A pair with a short answer; sums are many because each of them is short."""
    makers = (arithmetic_pair, term_pair, talk_pair, counting_pair)
    return rng.choices(makers, (61, 27, 8, 4))[0](rng)


def _frame(rng: random.Random) -> str:
    """How a question is put: bare (half), or as a chat, with or without system text."""
    choice = rng.random()
    if choice < 0.5:
        return "bare"
    return "" if choice < 0.8 else rng.choice(SYSTEM_MESSAGES)


def short_conversation(rng: random.Random) -> Conversation:
    """One short question, or now and then a chat of two to four of them."""
    if rng.random() < 0.08:
        frame = rng.choice(("", "", *SYSTEM_MESSAGES))
        return frame, [short_pair(rng) for _ in range(rng.randint(2, 4))]
    return _frame(rng), [short_pair(rng)]


def long_pair(rng: random.Random) -> Pair:
    """A story, or now and then a request to count."""
    return story_pair(rng) if rng.random() < 0.94 else long_counting_pair(rng)


def long_conversation(rng: random.Random) -> Conversation:
    """One long answer, or now and then a chat in which long and short ones mix."""
    if rng.random() < 0.12:
        turns = [long_pair(rng)]
        turns += [short_pair(rng) for _ in range(rng.randint(1, 3))]
        turns += [long_pair(rng)] if rng.random() < 0.2 else []
        rng.shuffle(turns)
        return rng.choice(("", "", *SYSTEM_MESSAGES)), turns
    return _frame(rng), [long_pair(rng)]


def encode(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    """The token ids of plain text."""
    return list(tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids)


def to_row(tokenizer: PreTrainedTokenizerFast, conversation: Conversation) -> Row:
    """A conversation as one row; only answers and their end are learned."""
    frame, turns = conversation
    parts: list[tuple[str, bool]] = []
    if frame not in ("", "bare"):
        parts.append((SYSTEM + frame + END, False))
    for pair in turns:
        turn = f"{USER}{pair.question}{END}{ASSISTANT}"
        asked = pair.question if frame == "bare" else turn
        parts += [(asked, False), (pair.answer + END, True)]
    ids: list[int] = []
    learned: list[bool] = []
    for text, learn in parts:
        piece = encode(tokenizer, text)
        ids += piece
        learned += [learn] * len(piece)
    return Row(ids, learned, turns[0].kind if len(turns) == 1 else "chat")


def _cut(rows: list[Row], tokens: int) -> Iterator[list[Row]]:
    """Rows sorted by length, cut into batches of at most `tokens` with padding."""
    batch: list[Row] = []
    for row in sorted(rows, key=lambda one: len(one.ids)):
        if batch and (len(batch) + 1) * len(row.ids) > tokens:
            yield batch
            batch = []
        batch.append(row)
    yield batch


def _batches(
    converse: Callable[[random.Random], Conversation],
    tokenizer: PreTrainedTokenizerFast,
    rng: random.Random,
    tokens: int,
) -> Iterator[list[Row]]:
    """Endless batches of about equally long rows, each of about `tokens` tokens."""
    while True:
        rows: list[Row] = []
        while sum(len(row.ids) for row in rows) < 16 * tokens:
            rows += [to_row(tokenizer, converse(rng)) for _ in range(32)]
        batches = list(_cut(rows, tokens))
        rng.shuffle(batches)
        yield from batches


short_batches = partial(_batches, short_conversation)
"""`short_batches(tokenizer, rng, tokens)`: sums, terms and small talk."""

long_batches = partial(_batches, long_conversation)
"""`long_batches(tokenizer, rng, tokens)`: stories and chats with stories."""


def tokenizer_texts(rng: random.Random, count: int = 6000) -> Iterator[str]:
    """Text for the tokenizer: names often enough that each becomes one token."""
    for _ in range(count):
        for make in (story_pair, term_pair, talk_pair, arithmetic_pair):
            pair = make(rng)
            yield pair.question
            yield pair.answer
    for word in (*NAMES, *"0123456789"):
        yield f" {word}" * (count // 4)
