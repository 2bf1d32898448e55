"""What every engine can do: check a request, stream its tokens, collect them."""

import os
from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from time import perf_counter

from lab_utils.engine.scheduler import Scheduler
from lab_utils.engine.slots import Request, Slots
from lab_utils.prompts import Chat, Prompt, check_prompt
from lab_utils.tokens import (
    DEFAULT_MAX_TOKENS,
    Generation,
    InvalidRequest,
    SamplingParams,
    Token,
    as_stops,
)


class Engine(ABC):
    """A prompt in, tokens out; `ModelEngine` runs a model, `FakeEngine` a script.

    name: the model's name, shown by `/health`. context: how many tokens a prompt and
    its answer may have together. vocabulary: token ids are below this.
    pace_ms: each step lasts at least this long, so that a small model can be watched;
    the environment variable LAB_PACE_MS overrides it.
    made: how many tokens were made so far, for all requests together, also those that
    nobody read.
    """

    def __init__(
        self, name: str, context: int, vocabulary: int, pace_ms: float = 0
    ) -> None:
        self.name = name
        self.context = context
        self.vocabulary = vocabulary
        self.made = 0
        self.pace_ms = float(os.environ.get("LAB_PACE_MS") or pace_ms)
        if not 0 <= self.pace_ms < 60_000:
            raise ValueError(
                f"pace_ms must be from 0 to 60000 milliseconds; got {self.pace_ms}."
            )

    def generate(
        self,
        prompt: Prompt,
        max_tokens: int = DEFAULT_MAX_TOKENS,
        temperature: float = 0.7,
        *,
        top_p: float = 1.0,
        seed: int | None = None,
        stop: str | Sequence[str] | None = None,
    ) -> Generation:
        """Return the whole answer to `prompt`; the arguments are `SamplingParams`'.

        Blocks until the last token. Raises `InvalidRequest`.
        """
        started = perf_counter()
        params = _params(max_tokens, temperature, top_p, seed, stop)
        request = self.prepare(prompt, params)
        tokens = list(self.steps(request))
        total_ms = 1e3 * (perf_counter() - started)
        return Generation.of(tokens, len(request.prompt_ids), total_ms)

    def generate_stream(
        self,
        prompt: Prompt,
        max_tokens: int = DEFAULT_MAX_TOKENS,
        temperature: float = 0.7,
        *,
        top_p: float = 1.0,
        seed: int | None = None,
        stop: str | Sequence[str] | None = None,
    ) -> Generator[Token, None, None]:
        """Yield the answer to `prompt` token by token; each `next` computes one.

        The request is checked here and now, not at the first `next`, so that
        `InvalidRequest` is raised before anything was sent. The default of 128 tokens
        is lowered to what fits the context; any other `max_tokens` that does not fit is
        an error.
        """
        params = _params(max_tokens, temperature, top_p, seed, stop)
        return self.steps(self.prepare(prompt, params))

    def prepare(self, prompt: Prompt, params: SamplingParams) -> Request:
        """Check `prompt` and that it fits the context; raises `InvalidRequest`."""
        check_prompt(prompt)
        field = "messages" if isinstance(prompt, Chat) else "prompt"
        prompt_ids = self._ids(prompt)
        if not prompt_ids:
            raise InvalidRequest(
                f"{field} must hold something that this model's tokenizer can see.",
                field,
            )
        room = self.context - len(prompt_ids)
        wanted = params.max_tokens
        if room < (wanted or 1):
            raise self._too_long(field, len(prompt_ids), wanted)
        return Request(prompt_ids, wanted or min(params.default_tokens, room), params)

    def _ids(self, prompt: Prompt) -> list[int]:
        if isinstance(prompt, Chat):
            return self.encode_chat(prompt)
        if isinstance(prompt, str):
            return self.encode(prompt)
        if max(prompt) >= self.vocabulary:
            raise InvalidRequest(
                "prompt must hold ids of tokens that this model knows, from 0 to "
                f"{self.vocabulary - 1}; got {max(prompt)}.", "prompt",
            )
        return prompt

    def _too_long(
        self, field: str, prompt_tokens: int, wanted: int | None
    ) -> InvalidRequest:
        asked = f" and {wanted} to make (max_tokens)" if wanted else ""
        return InvalidRequest(
            f"This model's context holds {self.context} tokens; got {prompt_tokens} in "
            f"the {field}{asked}. Shorten the {field} or ask for fewer tokens.",
            "max_tokens" if wanted and prompt_tokens < self.context else field,
            "context_length_exceeded",
        )

    @abstractmethod
    def encode(self, prompt: str) -> list[int]:
        """The token ids of `prompt`, raw: no chat template is applied."""

    @abstractmethod
    def encode_chat(self, chat: Chat) -> list[int]:
        """The token ids of `chat` as the model was trained to read conversations, up to
        where its answer begins; raises `InvalidRequest` if it was trained on none."""

    @abstractmethod
    def slots(self, size: int, context: int) -> Slots:
        """Room for `size` sequences of up to `context` tokens that run together."""

    def scheduler(self, size: int) -> Scheduler:
        """A scheduler over `size` slots of this engine."""
        return Scheduler(self.slots(size, self.context), size, self.pace_ms)

    def steps(self, request: Request) -> Generator[Token, None, None]:
        """Yield one token per step, here and now: the prefill, then one decode step at
        each `next`."""
        needed = len(request.prompt_ids) + request.max_tokens
        scheduler = Scheduler(self.slots(1, needed), 1, self.pace_ms)
        scheduled = scheduler.add(request)
        while not scheduled.ended:
            for _, item in scheduler.step():
                if isinstance(item, Exception):
                    raise item
                yield item


def _params(
    max_tokens: int,
    temperature: float,
    top_p: float,
    seed: int | None,
    stop: str | Sequence[str] | None,
) -> SamplingParams:
    limit = None if max_tokens == DEFAULT_MAX_TOKENS else max_tokens
    return SamplingParams(limit, temperature, top_p, seed, as_stops(stop))
