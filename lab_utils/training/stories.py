"""Short stories from a small grammar: one hero, one thing, one plot, many ways."""

import random
import re
from functools import cache
from typing import NamedTuple

from lab_utils.training.lists import TEXT, load_lists
from lab_utils.training.pairs import Pair

WORDS = load_lists("story_words.txt")
"""All word lists of the stories, by name."""

NAMES = WORDS["girls"] + WORDS["boys"]
"""The names a hero or a friend can have."""

THINGS = {
    name.removeprefix("things, "): items
    for name, items in WORDS.items()
    if name.startswith("things, ")
}
"""The things a story can be about, by the family that decides its plots."""

UNMENDED = ("seed", "warm", "other")
"""Families of things that the plot of mending does not fit."""

SETTING = {
    "colour": "colours",
    "home": "homes",
    "spot": "spots",
    "time_mid": "later",
    "time": "times",
}
"""Slots of the grammar filled from the word list of this name."""

SIZES = ("little ", "small ", "young ", "", "", "")
"""What a hero may be besides its kind."""

OPENING = "Once upon a time"
"""A prompt that the story simply continues, as a language model does."""

PRONOUNS = {
    "girl": {"he": "she", "him": "her", "his": "her", "himself": "herself"},
    "boy": {"he": "he", "him": "him", "his": "his", "himself": "himself"},
}

PROMPT_KINDS = ("open", "kind", "name", "thing", "both", "both")
"""What a prompt names; requests for a hero and a thing count twice."""


class Plot(NamedTuple):
    """One plot: the family of things it fits and its beats, `(optional, sentences)`."""

    name: str
    families: str
    beats: tuple[tuple[bool, tuple[str, ...]], ...]


def _beat(block: str) -> tuple[bool, tuple[str, ...]]:
    """One block of lines as a beat."""
    lines = block.strip().splitlines()
    return lines[0].startswith("?"), tuple(line.lstrip("?") for line in lines)


@cache
def load_plots() -> tuple[Plot, ...]:
    """All plots of the grammar file."""
    text = (TEXT / "plots.txt").read_text(encoding="utf-8")
    plots = []
    for part in re.split(r"^plot ", text, flags=re.MULTILINE)[1:]:
        head, body = part.split("\n", 1)
        name, families = (word.strip() for word in head.split(":"))
        beats = tuple(_beat(block) for block in body.strip().split("\n\n"))
        plots.append(Plot(name, families, beats))
    return tuple(plots)


def with_article(noun: str) -> str:
    """The noun with "a" or "an" before it."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[0].upper() + text[1:]


@cache
def held_out_meetings() -> frozenset[tuple[str, str]]:
    """One in ten combinations of a hero's name and a thing, never trained on."""
    things = [thing for family in THINGS.values() for thing in family]
    meetings = [(name, thing) for name in NAMES for thing in things]
    return frozenset(random.Random(2027).sample(meetings, len(meetings) // 10))


def _plots_for(family: str, thing: str) -> list[Plot]:
    """The plots in which this thing can play its part."""
    fitting = []
    for plot in load_plots():
        breakable = family not in UNMENDED and thing not in WORDS["unbroken"]
        if plot.families == family:
            fitting += [plot, plot]
        elif plot.families == "any" and family != "seed":
            fitting += [plot] if plot.name != "mend" or breakable else []
    return fitting


def _syllable(rng: random.Random) -> str:
    """A consonant or two, a vowel and now and then an end."""
    end = rng.choice(WORDS["name ends"]) if rng.random() < 0.3 else ""
    return rng.choice(WORDS["name starts"]) + rng.choice("aeiou") + end


def _made_up_name(rng: random.Random) -> str:
    """A name of two or three syllables, so that the model learns to copy any name."""
    return capital("".join(_syllable(rng) for _ in range(rng.choice((2, 2, 3)))))


def _hero(rng: random.Random) -> tuple[str, str, str]:
    """A random hero as `(name, kind, gender)`; one in three names is made up."""
    gender = rng.choice(("girl", "boy"))
    name = rng.choice(WORDS[f"{gender}s"])
    if rng.random() < 1 / 3:
        name = _made_up_name(rng)
    choice = rng.random()
    if choice < 0.45:
        return name, gender, gender
    if choice < 0.87:
        return name, rng.choice(WORDS["animals"]), gender
    kinds = WORDS[f"royal {gender}s"] + WORDS["characters"]
    return name, rng.choice(kinds), gender


def _thing(rng: random.Random, name: str) -> tuple[str, str]:
    """A random thing that this hero may meet, as `(family, thing)`."""
    while True:
        family = rng.choice(("small", "small", "other", *THINGS))
        thing = rng.choice(THINGS[family])
        if (name, thing) not in held_out_meetings():
            return family, thing


def _helper(rng: random.Random, hero_kind: str) -> str:
    """A random kind of helper, other than the hero's; animals count twice."""
    kinds = WORDS["animals"] * 2 + WORDS["people"]
    return rng.choice([kind for kind in kinds if kind != hero_kind])


def _pick(rng: random.Random, slots: dict[str, str]) -> dict[str, str]:
    """A random word for every slot, from the word list named beside it."""
    return {slot: rng.choice(WORDS[name]) for slot, name in slots.items()}


def _words(rng: random.Random) -> dict[str, str]:
    """The words that stay the same through one story, by slot of the grammar."""
    name, kind, gender = _hero(rng)
    family, thing = _thing(rng, name)
    helper = _helper(rng, kind)
    words = PRONOUNS[gender] | {"N": name, "H": helper, "family": family, "t": thing}
    words["place"], words["place2"] = rng.sample(WORDS["places"], 2)
    words |= _pick(rng, SETTING)
    words["T"] = f"{words['colour']} {thing}"
    words["F"] = rng.choice([one for one in NAMES if one != name])
    words["ah"] = with_article(helper)
    words["aH"] = with_article(f"{rng.choice(WORDS['helper words'])} {helper}")
    words["akind"] = with_article(rng.choice(SIZES) + kind)
    return words


def _forms(words: dict[str, str]) -> dict[str, str]:
    """The same words with articles and capitals as the grammar asks for them."""
    forms = words | {"aT": with_article(words["T"]), "at": with_article(words["t"])}
    forms |= {"He": capital(words["he"]), "His": capital(words["his"])}
    for slot in ("aH", "aT", "at", "home", "time_mid"):
        forms[f"{slot}_cap"] = capital(forms[slot])
    return forms


def _tell(rng: random.Random, start: str, plot: Plot, words: dict[str, str]) -> str:
    """The story itself, one sentence of each beat in turn."""
    lines = [start]
    for optional, sentences in plot.beats:
        if not optional or rng.random() < 0.6:
            lines.append(rng.choice(sentences))
    return " ".join(lines).format_map(words)


def _prompt(rng: random.Random, words: dict[str, str]) -> str:
    """A request that names what the story will be about, or nothing at all."""
    kind = rng.choice(PROMPT_KINDS)
    asked = words["T"] if rng.random() < 0.4 else words["t"]
    prompt = rng.choice(WORDS[f"prompts, {kind}"])
    prompt = prompt.format_map(words | {"ax": with_article(asked)})
    return prompt.rstrip(".?") if rng.random() < 0.1 else prompt


def _draw(rng: random.Random) -> tuple[str, Pair]:
    """A hero's name, and a random request with a story about that hero."""
    words = _forms(_words(rng))
    plot = rng.choice(_plots_for(words["family"], words["t"]))
    if rng.random() < 0.03:
        story = _tell(rng, WORDS["starts"][0], plot, words)
        return words["N"], Pair(OPENING, story.removeprefix(OPENING), "story")
    story = _tell(rng, rng.choice(WORDS["starts"]), plot, words)
    return words["N"], Pair(_prompt(rng, words), story, "story")


def story_pair(rng: random.Random) -> Pair:
    """A random request for a story, or the opening of one, with a fitting story.

    A made-up name is only told where it was asked for: left to itself, the model is
    to choose a name that people have.
    """
    while True:
        name, pair = _draw(rng)
        if name in NAMES or name in pair.question:
            return pair
