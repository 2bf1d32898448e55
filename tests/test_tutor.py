"""The embedded model and the text it was trained on."""

import json
import random
import re
from itertools import islice

import pytest
import torch

from lab_utils.training.answers import FORMS, TUTOR, Tutor
from lab_utils.training.arithmetic import arithmetic_pair, held_out_pairs, is_held_out
from lab_utils.training.consistency import faults
from lab_utils.training.corpus import (
    long_conversation,
    short_batches,
    short_conversation,
)
from lab_utils.training.evaluate import (
    bare_term_pairs,
    count_exact,
    greeting_pairs,
    held_out_sums,
    one_digit_pairs,
)
from lab_utils.training.figures import Way
from lab_utils.training.small_talk import UNKNOWN_ANSWER
from lab_utils.training.stories import held_out_meetings, story_pair
from lab_utils.training.terms import (
    HELD_OUT_FORMS,
    held_out_term_pairs,
    load_terms,
    term_pair,
)

pytestmark = pytest.mark.program


@pytest.fixture(scope="module")
def tutor() -> Tutor:
    return Tutor()


# The files


def test_the_folder_is_small_and_complete() -> None:
    sizes = {file.name: file.stat().st_size for file in TUTOR.iterdir()}
    assert {"config.json", "generation_config.json", "model.safetensors"} <= set(sizes)
    assert {"tokenizer.json", "chat_template.jinja", "README.md"} <= set(sizes)
    assert sum(sizes.values()) <= 8_000_000


def test_config_fits_a_server(tutor: Tutor) -> None:
    config, tokenizer = tutor.model.config, tutor.tokenizer
    assert config.model_type == "llama"
    assert config.max_position_embeddings == tokenizer.model_max_length >= 512
    assert tutor.model.generation_config.eos_token_id == tokenizer.eos_token_id
    stored = json.loads((TUTOR / "config.json").read_text(encoding="utf-8"))
    assert stored["dtype"] == "bfloat16"
    assert tutor.model.dtype == torch.float32


def test_digits_are_single_tokens(tutor: Tutor) -> None:
    tokens = tutor.tokenizer.tokenize("The answer is 47.")
    assert tokens == ["The", "Ġanswer", "Ġis", "Ġ4", "7", "."]


@pytest.mark.parametrize(
    "text", ["a😀é", "  two  spaces\n", "def f(x):\n\treturn 1", "漢"]
)
def test_every_text_survives_the_tokenizer(tutor: Tutor, text: str) -> None:
    assert tutor.tokenizer.decode(tutor.tokenizer(text).input_ids) == text


def test_chat_template_has_system_user_and_prompt(tutor: Tutor) -> None:
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
    ]
    text = tutor.tokenizer.apply_chat_template(
        messages, tokenize=False, add_generation_prompt=True
    )
    assert text == "<|system|>Be kind.<|end|><|user|>Hi<|end|><|assistant|>"


# What it says


@pytest.mark.parametrize("form", FORMS)
def test_two_and_two(tutor: Tutor, form: str) -> None:
    assert tutor.answer(["What is 2 + 2?"], form)[0].text == "The answer is 4."


@pytest.mark.parametrize("form", FORMS)
def test_small_talk(tutor: Tutor, form: str) -> None:
    figure = count_exact(tutor, "small talk", greeting_pairs(), Way(form, 0.0))
    assert figure.share >= 0.97


def test_all_one_digit_sums_and_differences(tutor: Tutor) -> None:
    figure = count_exact(tutor, "one digit", one_digit_pairs(), Way("raw", 0.0))
    assert figure.right == figure.asked


@pytest.mark.parametrize("form", FORMS)
def test_held_out_two_digit_sums(tutor: Tutor, form: str) -> None:
    pairs = random.Random(11).sample(held_out_sums(), 100)
    assert count_exact(tutor, "sums", pairs, Way(form, 0.0)).share >= 0.9


def test_every_term_in_a_phrasing_it_never_saw(tutor: Tutor) -> None:
    pairs = held_out_term_pairs()[:: len(HELD_OUT_FORMS)]
    assert len(pairs) == len(load_terms()) >= 80
    assert count_exact(tutor, "terms", pairs, Way("raw", 0.0)).share >= 0.97


def test_terms_in_the_chat_form(tutor: Tutor) -> None:
    pairs = random.Random(12).sample(held_out_term_pairs(), 60)
    assert count_exact(tutor, "terms", pairs, Way("chat", 0.0)).share >= 0.95


def test_a_name_alone_is_explained_and_ends(tutor: Tutor) -> None:
    assert count_exact(tutor, "names", bare_term_pairs(), Way("raw", 0.0)).share >= 0.95


def test_it_says_when_it_does_not_know(tutor: Tutor) -> None:
    asked = ["What is the capital of France?", "Who invented the telephone?"]
    assert [one.text for one in tutor.answer(asked)] == [UNKNOWN_ANSWER] * 2


def test_stories_end_and_keep_their_names(tutor: Tutor) -> None:
    prompts = [
        "Tell me a story.",
        "Tell me a story about a fox.",
        "Write a story about a girl named Mia and a lantern.",
    ]
    stories = tutor.answer(prompts, max_tokens=320, temperature=0.7, seed=3)
    for prompt, story in zip(prompts, stories, strict=True):
        assert story.ended and 100 <= story.tokens <= 300, story
        assert not faults(prompt, story.text), story


# The text it learned from


def test_the_same_seed_gives_the_same_text(tutor: Tutor) -> None:
    for converse in (short_conversation, long_conversation):
        first, second = random.Random(5), random.Random(5)
        assert all(converse(first) == converse(second) for _ in range(200))
    batches = [
        list(islice(short_batches(tutor.tokenizer, random.Random(5), 512), 3))
        for _ in range(2)
    ]
    assert batches[0] == batches[1]


def test_held_out_pairs_are_never_trained_on() -> None:
    assert all(10 <= a <= b < 100 for a, b in held_out_pairs())
    rng = random.Random(6)
    for _ in range(20_000):
        numbers = re.findall(r"\d+", arithmetic_pair(rng).question)
        assert len(numbers) in (0, 2)
        assert not numbers or not is_held_out(*map(int, numbers))


def test_held_out_phrasings_are_never_trained_on() -> None:
    rng = random.Random(7)
    starts = tuple(form.split("{t}")[0].lower() for form in HELD_OUT_FORMS)
    asked = [term_pair(rng).question.lower() for _ in range(10_000)]
    assert not [one for one in asked for start in starts if start in one]


def test_grammar_keeps_its_own_rules_and_its_held_out_meetings() -> None:
    rng = random.Random(8)
    for _ in range(1_000):
        pair = story_pair(rng)
        assert not faults(pair.question, pair.answer), pair
        hero = re.search(r"\bnamed ([A-Z][a-z]+)", pair.answer)
        assert hero
        things = set(re.findall(r"[A-Za-z]+", pair.answer))
        assert not any((hero[1], thing) in held_out_meetings() for thing in things)


def test_wrong_stories_are_noticed() -> None:
    prompt = "Tell me a story about Mia and a key."
    good = "There once was a girl named Mia. She found a golden key and an owl."
    assert faults(prompt, good) == []
    assert faults(prompt, good.replace("a golden key", "a golden cup"))
    assert faults(prompt, good + " Then Tom came.")
    assert faults(prompt, good + " And the fox and the bear came.")
    assert faults(prompt, good + " She sat by the door." * 3)
