"""A model folder that answers lists of prompts, by transformers alone."""

from pathlib import Path
from typing import NamedTuple

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

TUTOR = Path(__file__).parents[1] / "model" / "tutor"
"""The folder of the embedded model."""

FORMS = ("raw", "chat")
"""A prompt goes to the model as it is, or through the chat template."""

SECOND_TURN = "second turn"
"""A prompt goes through the chat template after `EARLIER_TURN`."""

EARLIER_TURN = (
    {"role": "user", "content": "What is 20 + 30?"},
    {"role": "assistant", "content": "The answer is 50."},
)


class Answer(NamedTuple):
    """What the model wrote, in tokens without EOS, and whether it ended by itself."""

    text: str
    tokens: int
    ended: bool


class Tutor:
    """A model folder, loaded in float32, that answers lists of prompts."""

    def __init__(self, folder: Path = TUTOR) -> None:
        """Load the folder; nothing is downloaded."""
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.tokenizer.padding_side = "left"
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)

    def _prompt(self, question: str, form: str) -> str:
        """The question as the model reads it."""
        if form == "raw":
            return question
        earlier = EARLIER_TURN if form == SECOND_TURN else ()
        messages = [*earlier, {"role": "user", "content": question}]
        return str(
            self.tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True
            )
        )

    def _read(self, new: list[int]) -> Answer:
        """The generated ids of one row as an answer."""
        end = self.tokenizer.eos_token_id
        ended = end in new
        ids = new[: new.index(end)] if ended else new
        return Answer(self.tokenizer.decode(ids), len(ids), ended)

    @torch.inference_mode()
    def answer(
        self,
        questions: list[str],
        form: str = "raw",
        *,
        max_tokens: int = 400,
        temperature: float = 0.0,
        seed: int = 0,
        rows: int = 128,
    ) -> list[Answer]:
        """Answers to all questions, greedy at temperature 0, `rows` at a time."""
        torch.manual_seed(seed)
        how: dict[str, float] = {"do_sample": False, "max_new_tokens": max_tokens}
        if temperature > 0:
            how |= {"do_sample": True, "temperature": temperature, "top_k": 0}
        answers = []
        for start in range(0, len(questions), rows):
            texts = [self._prompt(one, form) for one in questions[start : start + rows]]
            batch = self.tokenizer(texts, return_tensors="pt", padding=True)
            out = self.model.generate(**batch, **how)
            answers += [
                self._read(row)
                for row in out[:, batch["input_ids"].shape[1] :].tolist()
            ]
        return answers
