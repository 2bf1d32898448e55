"""The model card of `tutor`, written from measurements only."""

import json
import random
from pathlib import Path

from lab_utils.training.answers import Tutor
from lab_utils.training.corpus import long_conversation, to_row
from lab_utils.training.figures import Figure, table
from lab_utils.training.lists import TEXT
from lab_utils.training.stories import NAMES, load_plots
from lab_utils.training.terms import HELD_OUT_FORMS, load_terms

SAMPLES = (
    ("Hello", 0.0),
    ("What is 47 + 38?", 0.0),
    ("What is 3 - 8?", 0.0),
    ("What is prefill?", 0.0),
    ("What is the capital of France?", 0.0),
    ("What is 123 + 456?", 0.0),
    ("Tell me a story about a fox.", 0.7),
    ("Write a story about a girl named Mia and a lantern.", 0.7),
)
"""Prompts shown on the card, each with its temperature; the seed is 1."""


def _samples(tutor: Tutor) -> str:
    """Every sample prompt with its answer, as Markdown."""
    parts = []
    for prompt, temperature in SAMPLES:
        answer = tutor.answer(
            [prompt], max_tokens=300, temperature=temperature, seed=1
        )[0]
        parts.append(f"**{prompt}** (temperature {temperature:g})\n\n> {answer.text}")
    return "\n\n".join(parts)


def _longest_row(tutor: Tutor) -> int:
    """The length in tokens of the longest of many training rows."""
    rng = random.Random(1)
    rows = (to_row(tutor.tokenizer, long_conversation(rng)) for _ in range(3000))
    return max(len(row.ids) for row in rows)


def _shape(tutor: Tutor) -> dict[str, int]:
    """The numbers of the model's shape, by their name on the card."""
    config = tutor.model.config
    return {
        "layers": config.num_hidden_layers,
        "width": config.hidden_size,
        "ffn": config.intermediate_size,
        "heads": config.num_attention_heads,
        "kv_heads": config.num_key_value_heads,
        "head_dim": config.head_dim,
        "vocabulary": config.vocab_size,
        "context": config.max_position_embeddings,
        "parameters": tutor.model.num_parameters(),
        "longest": _longest_row(tutor),
    }


def card_text(tutor: Tutor, folder: Path, figures: list[Figure]) -> str:
    """The whole card, from the files of the folder and the given figures."""
    record = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    files = [file for file in folder.iterdir() if file.name != "README.md"]
    template = (TEXT / "card.md").read_text(encoding="utf-8")
    return template.format(
        **_shape(tutor),
        **record["plan"],
        tokens=record["tokens"],
        seconds=record["seconds"],
        machine=record["machine"],
        note=" " + record["note"] if "note" in record else "",
        losses=", ".join(f"{kind} {loss:.4f}" for kind, loss in record["loss"].items()),
        size=sum(file.stat().st_size for file in files) / 1e6,
        terms=len(load_terms()),
        forms=len(HELD_OUT_FORMS),
        names=len(NAMES),
        plots=len(load_plots()),
        figures=table(figures),
        samples=_samples(tutor),
    )


def write_card(tutor: Tutor, folder: Path, figures: list[Figure]) -> Path:
    """Write `README.md` into the model folder and return its path."""
    card, fresh = folder / "README.md", folder / "README.md.new"
    text = card_text(tutor, folder, figures)
    fresh.write_text(text, encoding="utf-8", newline="\n")
    fresh.replace(card)
    return card
