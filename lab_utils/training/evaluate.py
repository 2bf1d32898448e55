"""Measure a model folder on what its training text never contained."""

import argparse
import random
from pathlib import Path

import torch
from tqdm import tqdm

from lab_utils.training.answers import SECOND_TURN, TUTOR, Tutor
from lab_utils.training.arithmetic import answer_text, held_out_pairs
from lab_utils.training.card import write_card
from lab_utils.training.consistency import faults
from lab_utils.training.figures import Figure, Way, table
from lab_utils.training.pairs import Pair
from lab_utils.training.small_talk import TALK
from lab_utils.training.stories import WORDS, held_out_meetings, with_article
from lab_utils.training.terms import ask_bare, held_out_term_pairs, load_terms

WAYS = (
    Way("raw", 0.0),
    Way("chat", 0.0),
    Way(SECOND_TURN, 0.0),
    Way("raw", 0.7),
    Way("chat", 0.7),
)
"""The ways in which everything is asked."""


def count_exact(tutor: Tutor, name: str, pairs: list[Pair], way: Way) -> Figure:
    """How many pairs the model answers word for word."""
    questions = [pair.question for pair in pairs]
    given = tutor.answer(questions, way.form, temperature=way.temperature)
    both = zip(given, pairs, strict=True)
    right = sum(one.ended and one.text == pair.answer for one, pair in both)
    return Figure(name, way, len(pairs), right)


def greeting_pairs() -> list[Pair]:
    """Everything of the small-talk table."""
    return [
        Pair(text, answer, "talk") for questions, answer in TALK for text in questions
    ]


def one_digit_pairs() -> list[Pair]:
    """Every sum and difference of one-digit numbers in two phrasings."""
    sums = ("What is {a} + {b}?", "{a} + {b} =")
    differences = ("What is {a} - {b}?", "{a} - {b} =")
    numbers = [(a, b) for a in range(10) for b in range(10)]
    pairs = [(f.format(a=a, b=b), a + b) for f in sums for a, b in numbers]
    pairs += [(f.format(a=a, b=b), a - b) for f in differences for a, b in numbers]
    return [Pair(question, answer_text(value), "sum") for question, value in pairs]


def _held_out_both_orders() -> list[tuple[int, int]]:
    """Every held-out pair of two-digit numbers, in both orders."""
    return sorted(held_out_pairs() | {(b, a) for a, b in held_out_pairs()})


def held_out_sums() -> list[Pair]:
    """Every held-out pair as a sum."""
    return [
        Pair(f"What is {a} + {b}?", answer_text(a + b), "sum")
        for a, b in _held_out_both_orders()
    ]


def held_out_differences() -> list[Pair]:
    """Every held-out pair as a difference."""
    return [
        Pair(f"What is {a} - {b}?", answer_text(a - b), "sum")
        for a, b in _held_out_both_orders()
    ]


def term_pairs() -> list[Pair]:
    """Every name of every term under the plainest question."""
    return [
        Pair(f"What is {name}?", term.explanation, "term")
        for term in load_terms()
        for name in term.spellings()
    ]


def bare_term_pairs() -> list[Pair]:
    """Every main name alone, the shortest prompt there is."""
    return [ask_bare(term) for term in load_terms()]


def counting_pairs() -> list[Pair]:
    """Counts from 1 to every number up to one hundred."""
    counts = ((last, ", ".join(map(str, range(1, last + 1)))) for last in range(3, 101))
    return [Pair(f"Count to {last}.", f"{count}.", "count") for last, count in counts]


MEETING_FORMS = (
    "Tell me a story about {name} and {thing}.",
    "Write a story about a {kind} named {name} and {thing}.",
)


def story_prompts() -> list[str]:
    """Open story prompts, animals, and meetings that were never trained on."""
    rng = random.Random(5)
    prompts = ["Tell me a story."] * 10
    animals = map(with_article, WORDS["animals"][:10])
    prompts += [f"Tell me a story about {animal}." for animal in animals]
    for name, thing in rng.sample(sorted(held_out_meetings()), 30):
        kind = "girl" if name in WORDS["girls"] else "boy"
        slots = {"name": name, "kind": kind, "thing": with_article(thing)}
        prompts.append(rng.choice(MEETING_FORMS).format_map(slots))
    return prompts


def new_name_prompts() -> list[str]:
    """Story prompts about names that no list contains."""
    names = "Zelda Linus Odette Kasimir Noemi Barnaby Saskia Tycho Ludmila Quentin"
    return [f"Tell me a story about {name} and a lantern." for name in names.split()]


def judge_stories(tutor: Tutor, way: Way) -> list[Figure]:
    """How many stories end by themselves at 100 to 300 tokens, and keep their word."""
    prompts = story_prompts() + new_name_prompts()
    stories = tutor.answer(prompts, way.form, temperature=way.temperature, seed=7)
    ended = [one.ended and 100 <= one.tokens <= 300 for one in stories]
    both = zip(prompts, stories, strict=True)
    whole = [not faults(prompt, one.text) for prompt, one in both]
    known = len(story_prompts())
    return [
        _count("stories ended by EOS at 100 to 300 tokens", way, ended),
        _count("stories true to their names and things", way, whole[:known]),
        _count("the same, about names never met", way, whole[known:]),
    ]


def _count(name: str, way: Way, right: list[bool]) -> Figure:
    """A figure out of single verdicts."""
    return Figure(name, way, len(right), sum(right))


def exams() -> dict[str, list[Pair]]:
    """Everything with one right answer, by its name in the table."""
    return {
        "small talk": greeting_pairs(),
        "one-digit sums and differences": one_digit_pairs(),
        "two-digit sums, held out": held_out_sums(),
        "two-digit differences, held out": held_out_differences(),
        "terms, every name": term_pairs(),
        "terms, name alone": bare_term_pairs(),
        "terms, held-out phrasings": held_out_term_pairs(),
        "counts from 1 to 3 ... 100": counting_pairs(),
    }


def evaluate(tutor: Tutor) -> list[Figure]:
    """All figures of the model card, in the order of its table."""
    figures = []
    for way in tqdm(WAYS, unit="way"):
        for name, pairs in exams().items():
            figures.append(count_exact(tutor, name, pairs, way))
        figures += judge_stories(tutor, way)
    return figures


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        prog="lab_utils.training.evaluate", description=__doc__
    )
    parser.add_argument("folder", type=Path, nargs="?", default=TUTOR)
    parser.add_argument("--card", action="store_true", help="write the model card too")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    return parser.parse_args(arguments)


def main() -> None:
    """Print the table of figures, and write the card if asked to."""
    options = parse_arguments()
    torch.set_num_threads(options.threads)
    tutor = Tutor(options.folder)
    figures = evaluate(tutor)
    print(table(figures))
    if options.card:
        print(f"written: {write_card(tutor, options.folder, figures)}")


if __name__ == "__main__":
    main()
