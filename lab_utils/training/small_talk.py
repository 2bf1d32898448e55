"""Greetings, questions about the model itself, and what it honestly does not know."""

import random

from lab_utils.training.lists import load_lists
from lab_utils.training.pairs import Pair

TALK = tuple((asked, answer) for answer, asked in load_lists("small_talk.txt").items())
"""Things people say, grouped by the answer they get: `(questions, answer)`."""

UNKNOWN = load_lists("unknown.txt")
"""Questions outside the model's small world: whole ones, and forms to fill."""

UNKNOWN_ANSWER = (
    "I do not know that. I am a tiny model: I know small sums, short stories and the "
    "words of this series."
)
"""The honest answer to everything outside the model's small world."""

TIMES_ANSWER = "I only learned to add and to subtract small numbers."
"""The honest answer to multiplications and divisions."""


def _loosen(rng: random.Random, text: str) -> str:
    """The text with the case and last sign of a chat message."""
    if text[-1] not in "?.":
        text += rng.choice(("", "", "!", "."))
    elif rng.random() < 0.25:
        text = text[:-1]
    return text.lower() if rng.random() < 0.25 else text


def unknown_pair(rng: random.Random) -> Pair:
    """A question outside the model's world with its honest answer."""
    choice = rng.random()
    if choice < 0.15:
        a, b = rng.randrange(1, 100), rng.randrange(1, 100)
        return Pair(rng.choice(UNKNOWN["times"]).format(a=a, b=b), TIMES_ANSWER, "talk")
    if choice < 0.4:
        return Pair(
            _loosen(rng, rng.choice(UNKNOWN["questions"])), UNKNOWN_ANSWER, "talk"
        )
    question = rng.choice(UNKNOWN["forms"]).format(x=rng.choice(UNKNOWN["things"]))
    return Pair(_loosen(rng, question), UNKNOWN_ANSWER, "talk")


def talk_pair(rng: random.Random) -> Pair:
    """A greeting or question about the model (two in three), or an unknown one."""
    if rng.random() < 1 / 3:
        return unknown_pair(rng)
    questions, answer = TALK[0] if rng.random() < 0.2 else rng.choice(TALK)
    question = questions[0] if rng.random() < 0.2 else rng.choice(questions)
    return Pair(_loosen(rng, question), answer, "talk")
