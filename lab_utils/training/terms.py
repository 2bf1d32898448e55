"""The words of the series: one explanation each, asked for in many phrasings."""

import random
from functools import cache
from itertools import product
from typing import NamedTuple

from lab_utils.training.lists import TEXT, load_lists
from lab_utils.training.pairs import Pair

FORMS = load_lists("questions.txt")["term"]
"""Ways to ask for a term that the training text uses."""

HELD_OUT_FORMS = load_lists("questions.txt")["term, held out"]
"""Ways to ask for a term that the training text never uses."""

OPENINGS = ("", "", "", "", "", "", "Please: ", "Hi! ", "Hello, ", "A question: ")
ENDINGS = ("", "", "", "", "", " in simple words", " for a beginner", " in short")


class Term(NamedTuple):
    """One term of the series with its names, main name first, and its explanation."""

    article: str
    names: tuple[str, ...]
    explanation: str

    def spellings(self) -> list[str]:
        """Every name, with and without its article."""
        bare = list(self.names)
        return bare + [f"{self.article} {name}" for name in bare if self.article]


def _parse(line: str) -> Term:
    """One line of the table as a term."""
    article, names, explanation = (part.strip() for part in line.split("|"))
    return Term(
        "" if article == "-" else article,
        tuple(name.strip() for name in names.split(";")),
        explanation,
    )


@cache
def load_terms() -> tuple[Term, ...]:
    """All terms of the table, in its order."""
    lines = (TEXT / "terms.txt").read_text(encoding="utf-8").splitlines()
    return tuple(_parse(line) for line in lines if line and not line.startswith("#"))


def _restyle(rng: random.Random, question: str) -> str:
    """The question as hurried people type it: lower case, or without its last sign."""
    style = rng.random()
    if style < 0.15:
        question = question.lower()
    elif style < 0.25:
        question = question[:1].upper() + question[1:]
    if rng.random() < 0.2:
        question = question.rstrip("?.")
    return question


def _ask(rng: random.Random, name: str) -> str:
    """One random question about a name, never in a held-out phrasing."""
    form = rng.choice(FORMS)
    question = form.format(t=name)
    if form[-1] in "?." and form != "{t}?":
        question = question[:-1] + rng.choice(ENDINGS) + form[-1]
        question = rng.choice(OPENINGS) + question
    return _restyle(rng, question)


def _answer(question: str, explanation: str) -> str:
    """The explanation, with two words before it if it starts like the whole question.

    Without a start token a model cannot tell one token from the same token twice: a
    prompt of one token must not be answered with that token, or it never stops.
    """
    same = explanation.lower().startswith(question.lower())
    return f"In short: {explanation}" if same else explanation


def term_pair(rng: random.Random) -> Pair:
    """A random question about a random term with its explanation."""
    term = rng.choice(load_terms())
    name = term.names[0] if rng.random() < 0.6 else rng.choice(term.names)
    if term.article and rng.random() < 0.6:
        name = f"{term.article} {name}"
    question = _ask(rng, name)
    return Pair(question, _answer(question, term.explanation), "term")


def ask_bare(term: Term) -> Pair:
    """The main name of a term alone as the question."""
    name = term.names[0]
    return Pair(name, _answer(name, term.explanation), "term")


def held_out_term_pairs() -> list[Pair]:
    """Every term's main name, with its article, under every held-out phrasing."""
    return [
        Pair(
            form.format(t=f"{term.article} {term.names[0]}".strip()),
            term.explanation,
            "term",
        )
        for term, form in product(load_terms(), HELD_OUT_FORMS)
    ]
