"""The training run: generated rows in, a Llama with its tokenizer in a folder out."""

import copy
import json
import os
import platform
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from lab_utils.training.arithmetic import answer_text, held_out_pairs
from lab_utils.training.corpus import (
    KINDS,
    Row,
    long_batches,
    short_batches,
    to_row,
    tokenizer_texts,
)
from lab_utils.training.network import (
    Losses,
    exact_share,
    make_config,
    make_model,
    to_batch,
)
from lab_utils.training.pairs import Pair
from lab_utils.training.plan import Plan
from lab_utils.training.terms import held_out_term_pairs
from lab_utils.training.tokenizer import train_tokenizer


class Optimizers:
    """Muon for the matrices inside the layers, AdamW for embeddings and norms."""

    def __init__(self, model: LlamaForCausalLM, plan: Plan) -> None:
        """Split the model's parameters between the two."""
        inner = [p for n, p in model.named_parameters() if "_proj" in n]
        outer = [p for n, p in model.named_parameters() if "_proj" not in n]
        self.rate = plan.rate
        self.parts: list[torch.optim.Optimizer] = [
            torch.optim.Muon(
                inner, weight_decay=plan.weight_decay, adjust_lr_fn="match_rms_adamw"
            ),
            torch.optim.AdamW(outer, betas=(0.9, 0.98), weight_decay=0.0, foreach=True),
        ]

    def step(self, share: float) -> None:
        """One update at a share of the full rate; the gradients are cleared after."""
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = self.rate * share
            part.step()
            part.zero_grad()


class LossReport:
    """Mean loss per kind since it was last read."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self.clear()

    def clear(self) -> None:
        """Forget all losses."""
        self.total = torch.zeros(len(KINDS))
        self.count = torch.zeros(len(KINDS))

    def add(self, losses: Tensor, kinds: Tensor) -> None:
        """Add the losses of single tokens, each with the index of its kind."""
        self.total.index_add_(0, kinds, losses.detach())
        self.count.index_add_(0, kinds, torch.ones_like(losses))

    def read(self) -> dict[str, float]:
        """The mean loss of every kind, and start anew."""
        means = (self.total / self.count.clamp(min=1)).tolist()
        self.clear()
        return {kind: round(mean, 4) for kind, mean in zip(KINDS, means, strict=True)}


def save_model(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
    record: dict[str, object],
) -> None:
    """Write weights (bfloat16), tokenizer and record; each file is replaced whole."""
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    copy.deepcopy(model).to(torch.bfloat16).save_pretrained(fresh)
    tokenizer.save_pretrained(fresh)
    text = json.dumps(record, indent=2) + "\n"
    (fresh / "training.json").write_text(text, encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    for file in fresh.iterdir():
        os.replace(file, folder / file.name)
    fresh.rmdir()


def can_compile() -> bool:
    """Whether a C++ compiler is at hand; compiled steps are about 1.6 times as fast."""
    return any(shutil.which(name) for name in ("g++", "clang++", "cl"))


def held_out_rows(tokenizer: PreTrainedTokenizerFast, rng: random.Random) -> list[Row]:
    """A small fixed set of held-out sums for the progress report."""
    pairs = rng.sample(sorted(held_out_pairs()), 200)
    sums = [Pair(f"What is {a} + {b}?", answer_text(a + b), "sum") for a, b in pairs]
    return [to_row(tokenizer, ("bare", [pair])) for pair in sums]


def held_out_terms(tokenizer: PreTrainedTokenizerFast, rng: random.Random) -> list[Row]:
    """A small fixed set of terms in held-out phrasings for the progress report."""
    pairs = rng.sample(held_out_term_pairs(), 100)
    return [to_row(tokenizer, ("bare", [pair])) for pair in pairs]


def machine() -> str:
    """What the run computes on, in a few words for the model card."""
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads, no GPU"


class Trainer:
    """One run: model, tokenizer, optimizers and endless text from a plan."""

    def __init__(self, plan: Plan) -> None:
        """Learn the vocabulary and build a fresh model, both from the plan's seed."""
        self.plan = plan
        torch.manual_seed(plan.seed)
        self.tokenizer = train_tokenizer(tokenizer_texts(random.Random(plan.seed)))
        self.model = make_model(make_config(self.tokenizer))
        self.losses = Losses(self.model, can_compile())
        self.optimizers = Optimizers(self.model, plan)
        self.report = LossReport()
        self.batches = self._both_lengths()
        check = random.Random(plan.seed)
        self.sums = held_out_rows(self.tokenizer, check)
        self.terms = held_out_terms(self.tokenizer, check)
        self.tokens, self.started = 0, time.monotonic()

    def _both_lengths(self) -> Iterator[tuple[list[Row], list[Row]]]:
        """A batch of short rows and a batch of long rows for every step."""
        plan, seed = self.plan, self.plan.seed
        return zip(
            short_batches(self.tokenizer, random.Random(2 * seed), plan.short_tokens),
            long_batches(self.tokenizer, random.Random(2 * seed + 1), plan.long_tokens),
            strict=True,
        )

    def step(self, number: int) -> None:
        """One update on one batch of each length, both with the same weight."""
        for rows in next(self.batches):
            batch = to_batch(rows, self.model.config.pad_token_id)
            losses, kinds = self.losses(batch)
            torch.autograd.backward(losses.mean())
            self.report.add(losses, kinds)
            self.tokens += sum(len(row.ids) for row in rows)
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizers.step(self.plan.rate_at(number))

    def record(self, step: int) -> dict[str, object]:
        """Where the run stands: what the log and the model card are written from."""
        return {
            "plan": asdict(self.plan),
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "steps": step,
            "tokens": self.tokens,
            "seconds": round(time.monotonic() - self.started),
            "machine": machine(),
            "loss": self.report.read(),
            "held_out_sums": exact_share(self.model, self.sums),
            "held_out_terms": exact_share(self.model, self.terms),
        }

    def run(self, folder: Path) -> None:
        """All steps, with a report and a saved checkpoint now and then."""
        for step in tqdm(range(1, self.plan.steps + 1), unit="step", mininterval=5):
            self.step(step - 1)
            if step % self.plan.report_every == 0 or step == self.plan.steps:
                record = self.record(step)
                save_model(self.model, self.tokenizer, folder, record)
                shown = ("steps", "tokens", "loss", "held_out_sums", "held_out_terms")
                tqdm.write(json.dumps({key: record[key] for key in shown}))
