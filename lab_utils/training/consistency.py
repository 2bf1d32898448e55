"""What a good story keeps: its names, its thing, its few characters, no loops."""

import re
from collections import Counter

from lab_utils.training.stories import NAMES, THINGS, WORDS

KINDS_OF_HERO = ("animals", "people", "royal girls", "royal boys", "characters")
CAST = frozenset(kind for group in KINDS_OF_HERO for kind in WORDS[group])
NOUNS = frozenset(thing for family in THINGS.values() for thing in family)
INTRODUCED = re.compile(r"\b(?:named|called) ([A-Z][a-z]+)")
INSIDE = re.compile(r"(?<=[a-z,] )(?!Sunday)[A-Z][a-z]+")
"""A capital inside a sentence: a name, whether it is on our lists or not."""

WORD = re.compile(r"[A-Za-z]+")


def _sentences(story: str) -> list[str]:
    """The sentences of a story, without its quotation marks."""
    return [part.strip() for part in re.split(r"[.!?]", story.replace('"', " "))]


def faults(prompt: str, story: str) -> list[str]:
    """Everything in which a story breaks its own or its prompt's word; none is good.

    Names must be introduced ("named Mia") or asked for; the one thing of the story
    stays the one thing; besides the hero there is one more character; no sentence
    of four words or more comes three times.
    """
    words, asked = WORD.findall(story), WORD.findall(prompt)
    names = set(words) & set(NAMES) | set(INSIDE.findall(story))
    introduced = set(INTRODUCED.findall(story))
    found = []
    if strangers := names - introduced:
        found.append(f"names out of nowhere: {sorted(strangers)}")
    if len(things := set(words) & NOUNS) != 1:
        found.append(f"not one thing but {sorted(things)}")
    if len(cast := set(words) & CAST) > 2:
        found.append(f"too many characters: {sorted(cast)}")
    wanted = set(asked) & (NOUNS | CAST) | set(INSIDE.findall(prompt))
    if missing := wanted - set(words):
        found.append(f"asked for but missing: {sorted(missing)}")
    counts = Counter(one for one in _sentences(story) if one.count(" ") >= 3)
    if loops := [one for one, count in counts.items() if count >= 3]:
        found.append(f"repeated: {loops}")
    return found
