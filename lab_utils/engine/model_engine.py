"""The engine that runs a real model: prefill once, then decode one token at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from lab_utils.engine.base import Engine
from lab_utils.engine.chat import ChatEncoder
from lab_utils.engine.detokenizer import Detokenizer
from lab_utils.engine.sampling import make_generator, sample
from lab_utils.engine.slots import Request, Slots
from lab_utils.model.llama import Piece
from lab_utils.prompts import Chat
from lab_utils.tokens import FinishReason, InvalidRequest, ModelError, Token

if TYPE_CHECKING:
    from lab_utils.model.network import Batch, Network


class ModelEngine(Engine):
    """Streams from a causal language model.

    network: the model as a box. tokenizer: the one that belongs to it. context: how
    many tokens a prompt and its answer may have together. vocabulary: how many logits
    the model gives. eos_ids: the ids that end an answer. parameters: how many weights.
    dtype: of the weights, such as "float32".
    never: ids that are not chosen; rows of the output that no token of the tokenizer
    belongs to are never chosen either. Tokens without a row, which some checkpoints'
    tokenizers have, are refused in prompts.

    One engine may serve several threads at once: whatever belongs to a request lives in
    the `Slots` that run it.
    """

    def __init__(
        self,
        network: "Network",
        tokenizer: PreTrainedTokenizerBase,
        *,
        name: str,
        context: int,
        vocabulary: int,
        eos_ids: Iterable[int],
        never: Iterable[int] = (),
        pace_ms: float = 0,
        parameters: int = 0,
        dtype: str = "float32",
    ) -> None:
        super().__init__(name, context, vocabulary, pace_ms)
        self.network = network
        self.tokenizer = tokenizer
        self.parameters = parameters
        self.dtype = dtype
        self.eos_ids = frozenset(eos_ids)
        # Not the first `len(tokenizer)`: a tokenizer's ids may have gaps.
        known = [id for id in tokenizer.get_vocab().values() if id < vocabulary]
        self.never = torch.ones(vocabulary, dtype=torch.bool)
        self.never[known] = False
        self.never[list(never)] = True
        self.masks = bool(self.never.any())

    def encode(self, prompt: str) -> list[int]:
        """The token ids of `prompt`, with whatever its tokenizer always adds."""
        # A long prompt is refused later, in words; the tokenizer's own warning about
        # it would only be noise on the server's terminal.
        ids: list[int] = self.tokenizer.encode(prompt, verbose=False)
        return self._known(ids, "prompt")

    @cached_property
    def _chats(self) -> ChatEncoder:
        return ChatEncoder(self.tokenizer)

    def encode_chat(self, chat: Chat) -> list[int]:
        """The token ids of `chat`, written by the checkpoint's chat template."""
        return self._known(self._chats.encode(chat), "messages")

    def _known(self, ids: list[int], param: str) -> list[int]:
        if max(ids, default=0) >= self.vocabulary:
            raise InvalidRequest(
                f"expected tokens that this model knows, below {self.vocabulary}; its "
                f"tokenizer made {max(ids)} of the {param}. Leave special tokens out.",
                param,
            )
        return ids

    def slots(self, size: int, context: int) -> Slots:
        """Room for `size` sequences of up to `context` tokens."""
        return _ModelSlots(self, self.network.batch(size, context))


@dataclass(slots=True)
class _Answer:
    """What one sequence needs between its steps."""

    request: Request
    generator: torch.Generator
    detokenizer: Detokenizer
    read: int = 0  # tokens of the prompt that were pushed
    made: int = 0
    newest: int = -1


class _ModelSlots(Slots):
    def __init__(self, engine: ModelEngine, batch: "Batch") -> None:
        self._engine = engine
        self._batch = batch
        self._answers: dict[int, _Answer] = {}

    def open(self, slot: int, request: Request) -> None:
        generator = make_generator(request.params.seed)
        detokenizer = Detokenizer(self._engine.tokenizer, request.params.stop)
        self._answers[slot] = _Answer(request, generator, detokenizer)

    def prefill(
        self, slots: Sequence[int], budget: int
    ) -> Mapping[int, Token | Exception]:
        pieces = self._pieces(slots, budget)
        first: dict[int, Token | Exception] = {}
        for piece, row in zip(pieces, self._batch.prefill(pieces), strict=True):
            answer = self._answers[piece.slot]
            answer.read += len(piece.ids)
            if answer.read == len(answer.request.prompt_ids):
                first[piece.slot] = self._try_to_choose(answer, row)
        return first

    def _pieces(self, slots: Sequence[int], budget: int) -> list[Piece]:
        """What is read next: at most `budget` tokens, or whole prompts, one at least,
        where the model takes no pieces."""
        pieces: list[Piece] = []
        for slot in slots:
            if budget <= 0:
                break
            answer = self._answers[slot]
            prompt = answer.request.prompt_ids
            end = answer.read + budget if self._engine.network.chunked else None
            pieces.append(Piece(slot, prompt[answer.read : end], answer.read))
            budget -= len(pieces[-1].ids)
        return pieces

    def decode(self, slots: Sequence[int]) -> Mapping[int, Token | Exception]:
        newest = [self._answers[slot].newest for slot in slots]
        logits = self._batch.decode(slots, newest)
        return {
            slot: self._try_to_choose(self._answers[slot], row)
            for slot, row in zip(slots, logits, strict=True)
        }

    def close(self, slot: int) -> None:
        self._answers.pop(slot, None)
        self._batch.clear(slot)

    def _try_to_choose(self, answer: _Answer, logits: Tensor) -> Token | ModelError:
        """What is wrong with one row of a batch ends that sequence only."""
        try:
            return self._choose(answer, logits)
        except ModelError as error:
            return error

    def _choose(self, answer: _Answer, logits: Tensor) -> Token:
        """Pick the next token from `logits` [vocabulary] and turn it into text."""
        engine, params = self._engine, answer.request.params
        if engine.masks:
            logits = logits.masked_fill(engine.never, -torch.inf)
        token_id = answer.newest = sample(logits, params, answer.generator)
        answer.made += 1
        engine.made += 1
        # Not shown, also where its tokenizer does not call it special.
        is_end = token_id in engine.eos_ids
        text = "" if is_end else answer.detokenizer.push(token_id)
        ended = is_end or answer.detokenizer.stopped
        last = ended or answer.made == answer.request.max_tokens
        if last:
            text += answer.detokenizer.finish()
            ended = ended or answer.detokenizer.stopped
        ending: FinishReason = "stop" if ended else "length"
        reason = ending if last else None
        return Token(text, token_id, 0.0, answer.made == 1, reason)
