"""The engine that runs a real model: prefill once, then decode one token at a time."""

import inspect
from collections.abc import Generator, Iterable
from time import perf_counter
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lab_utils.engine.base import Engine, Request
from lab_utils.engine.detokenizer import Detokenizer
from lab_utils.engine.sampling import make_generator, sample
from lab_utils.engine.tokens import FinishReason, Token

UNKNOWN_CONTEXT = 2048
"""Context of a model that states none (BLOOM, for one, has no fixed limit)."""


class ModelEngine(Engine):
    """Streams from any causal language model of transformers.

    model: in evaluation mode; its weights are never changed.
    tokenizer: the one that belongs to it.
    use_cache: keep the keys and values of all earlier tokens and feed only the newest
        one. False feeds the whole text at every step: same tokens, ever slower steps.
    suppress_eos: never choose an end-of-sequence token, so that every answer has
        exactly `max_tokens` tokens; used for timing with random weights.

    One engine may serve several threads at once: whatever belongs to a request (cache,
    random source, detokenizer) lives in that request's own generator.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        name: str,
        pace_ms: float = 0,
        use_cache: bool = True,
        suppress_eos: bool = False,
    ) -> None:
        super().__init__(name, context_length(model), pace_ms)
        self.model = model
        self.tokenizer = tokenizer
        self.use_cache = use_cache
        eos_ids = end_ids(model, tokenizer)
        self.eos_ids: frozenset[int] = frozenset() if suppress_eos else eos_ids
        self._never = never_chosen(model, tokenizer, eos_ids if suppress_eos else ())
        accepted = inspect.signature(model.forward).parameters
        # Without it a prefill computes logits for every position and reads only one.
        self._only_last = {"logits_to_keep": 1} if "logits_to_keep" in accepted else {}

    def encode(self, prompt: str) -> list[int]:
        """The token ids of `prompt`, with whatever its tokenizer always adds."""
        # A long prompt is refused later, in words; the tokenizer's own warning about
        # it would only be noise on the server's terminal.
        ids: list[int] = self.tokenizer.encode(prompt, verbose=False)
        return ids

    def steps(self, request: Request) -> Generator[Token, None, None]:
        """One forward pass per token: the prompt first, then only the newest id."""
        generator = make_generator(request.params.seed)
        detokenizer = Detokenizer(self.tokenizer, request.params.stop)
        ids, cache = list(request.prompt_ids), None
        for index in range(request.max_tokens):
            started = perf_counter()
            logits, cache = self._forward(ids, cache)
            ids.append(sample(logits, request.params, generator))
            text = detokenizer.push(ids[-1])
            ended = ids[-1] in self.eos_ids or detokenizer.stopped
            last = ended or index == request.max_tokens - 1
            if last:
                text += detokenizer.finish()
                ended = ended or detokenizer.stopped
            ending: FinishReason = "stop" if ended else "length"
            self.made += 1
            self.keep_pace(started)
            step_ms = 1e3 * (perf_counter() - started)
            yield Token(text, ids[-1], step_ms, index == 0, ending if last else None)
            if last:
                return

    # As a decorator, not as `with` inside `steps`: a generator that pauses inside a
    # `with` leaves the mode switched on in this thread, and off in the next one.
    @torch.inference_mode()
    def _forward(self, ids: list[int], cache: Any) -> tuple[torch.Tensor, Any]:
        """Logits [vocabulary] for what follows `ids`, and the cache that now holds the
        keys and values of all of `ids`. Without a cache the whole of `ids` is pushed
        through the model, with one only its last id."""
        new_ids = ids if cache is None else ids[-1:]
        output = self.model(
            torch.tensor([new_ids], device=self.model.device),
            past_key_values=cache,
            use_cache=self.use_cache,
            **self._only_last,
        )
        logits = output.logits[0, -1].float().cpu()
        return (
            logits.masked_fill(self._never, -torch.inf),
            output.get("past_key_values") if self.use_cache else None,
        )


def context_length(model: PreTrainedModel) -> int:
    """How many tokens `model` can hold: a prompt and its answer together."""
    config = model.config.get_text_config()
    return int(getattr(config, "max_position_embeddings", None) or UNKNOWN_CONTEXT)


def end_ids(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> frozenset[int]:
    """The token ids that end an answer, from the model's generation settings, else
    from its tokenizer."""
    settings = getattr(model, "generation_config", None)
    ids = getattr(settings, "eos_token_id", None)
    ids = tokenizer.eos_token_id if ids is None else ids
    return frozenset([] if ids is None else [ids] if isinstance(ids, int) else ids)


def never_chosen(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, also: Iterable[int]
) -> torch.Tensor:
    """A mask [vocabulary], True where a token must not be chosen: rows of the output
    matrix that no token of the tokenizer belongs to, and the ids in `also`."""
    size = model.config.get_text_config().vocab_size
    mask = torch.arange(size) >= len(tokenizer)
    mask[list(also)] = True
    return mask
