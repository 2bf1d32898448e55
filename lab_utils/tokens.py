"""What goes into the engine (`SamplingParams`) and what comes out (`Token`).

These are plain values: they can be printed, compared, stored and sent. The wire format
of a token is `Token.event()`; every server of this project sends exactly that.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

FinishReason = Literal["stop", "length"]
"""Why an answer ended: `stop` (the model's own end, or a stop string) or `length`."""

DEFAULT_MAX_TOKENS = 128
NO_ID = -1
MAX_INT = 2**63 - 1
MAX_STOPS = 16
MAX_STOP_LENGTH = 256
GREEDY_BELOW = 1e-4
"""Temperatures below this pick the most likely token: dividing by them overflows."""


class InvalidRequest(ValueError):
    """A request that cannot be served as asked; the text says what to change.

    `param` names the field at fault and `code` is a word for programs, both as in
    OpenAI's error format. Servers turn it into status 400.
    """

    def __init__(self, message: str, param: str, code: str = "invalid_value") -> None:
        super().__init__(message)
        self.param = param
        self.code = code


class ModelError(RuntimeError):
    """The model could not make this request's next token; the text says why, and may
    be shown to the client. Other requests are not concerned."""


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How the next token is chosen and when to stop; set by whoever sends the prompt.

    max_tokens: at most this many tokens, counted from the first; an engine refuses what
        does not fit its context. `None` means `default_tokens`, or fewer where the
        context is too short for that.
    temperature: 0 to 2; logits are divided by it, 0 always takes the most likely token.
    top_p: 0 < top_p <= 1; sample from the smallest set of tokens that holds this much
        probability (Holtzman et al. 2020, "The Curious Case of Neural Text
        Degeneration").
    seed: 0 to 2**63 - 1; the same seed gives the same answer. `None`: a new one.
    stop: strings that end the answer; they are never shown, not even in part.

    Raises `InvalidRequest` for anything else.
    """

    max_tokens: int | None = None
    temperature: float = 0.7
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    default_tokens: int = DEFAULT_MAX_TOKENS

    def __post_init__(self) -> None:
        if self.max_tokens is not None:
            check(is_int(self.max_tokens) and 1 <= self.max_tokens <= MAX_INT,
                  "max_tokens", "a whole number from 1 to 2**63 - 1", self.max_tokens)
        check(_is_real(self.temperature) and 0 <= self.temperature <= 2,
              "temperature", "a number from 0 to 2", self.temperature)
        check(_is_real(self.top_p) and 0 < self.top_p <= 1,
              "top_p", "a number above 0 and up to 1", self.top_p)
        if self.seed is not None:
            check(is_int(self.seed) and 0 <= self.seed <= MAX_INT,
                  "seed", "a whole number from 0 to 2**63 - 1, or None", self.seed)
        check(len(self.stop) <= MAX_STOPS, "stop", f"at most {MAX_STOPS} strings",
              len(self.stop))
        for text in self.stop:
            check(isinstance(text, str) and 0 < len(text) <= MAX_STOP_LENGTH, "stop",
                  f"strings of 1 to {MAX_STOP_LENGTH} characters", text)
            check_unicode(text, "stop")

    @property
    def greedy(self) -> bool:
        """Whether the most likely token is always taken."""
        return self.temperature < GREEDY_BELOW


def as_stops(stop: str | Sequence[str] | None) -> tuple[str, ...]:
    """`None`, one string or several, as the tuple that `SamplingParams.stop` holds."""
    if stop is None:
        return ()
    if isinstance(stop, str):
        return (stop,)
    check(isinstance(stop, list | tuple), "stop", "one string or a list of them", stop)
    return tuple(stop)


def check_unicode(text: str, param: str) -> None:
    """Raise `InvalidRequest` about `param` if `text` is no valid Unicode."""
    # JSON can say half of a surrogate pair, which is no character and has no bytes.
    broken = any(0xD800 <= ord(char) <= 0xDFFF for char in text)
    check(not broken, param, "valid Unicode, no half surrogate pairs", ascii(text))


def is_int(value: object) -> bool:
    """Whether `value` is a number without a fraction; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_real(value: object) -> bool:
    # NaN and the infinities are real numbers here; every range check refuses them.
    return isinstance(value, int | float) and not isinstance(value, bool)


def check(holds: object, param: str, expected: str, got: object) -> None:
    """Raise `InvalidRequest` about the field `param`, unless it `holds`."""
    if not holds:
        raise InvalidRequest(f"{param} must be {expected}; got {_shown(got)}.", param)


def _shown(value: object) -> str:
    """`value` in at most 40 characters."""
    if isinstance(value, int) and abs(value) > MAX_INT:
        return "a number of over 63 bits"  # Python refuses to print the longest ones
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


@dataclass(frozen=True, slots=True)
class Token:
    """One token of an answer, as the engine made it.

    text: what this token adds to the text, often a word or a part of one; empty while
        the bytes of a character are incomplete or a stop string may have begun.
    token_id: its number in the model's vocabulary; `NO_ID` from a server that does not
        say it.
    step_ms: milliseconds that its step took: the prefill for the first token, one
        decode step for every other, waiting for the pace included; 0 where nobody
        says it.
    is_first: True for the first token, the one that the prefill made.
    finish_reason: set on the last token only.
    """

    text: str
    token_id: int
    step_ms: float
    is_first: bool = False
    finish_reason: FinishReason | None = None

    @property
    def is_end_alone(self) -> bool:
        """Whether it only says how the answer ended, as OpenAI's last chunk does, and
        stands for no token."""
        return self.token_id == NO_ID and not self.text

    def event(self) -> dict[str, Any]:
        """This token as it goes over the wire, in one Server-Sent Event."""
        time_name = "prefill_time_ms" if self.is_first else "step_ms"
        event: dict[str, Any] = {
            "token": self.text,
            "token_id": self.token_id,
            time_name: round(self.step_ms, 3),
        }
        if self.finish_reason is not None:
            event["finish_reason"] = self.finish_reason
        return event

    @classmethod
    def from_event(cls, event: dict[str, Any]) -> Self:
        """The token that `event()` described; `KeyError` if a field is missing."""
        is_first = "prefill_time_ms" in event
        return cls(
            text=event["token"],
            token_id=event["token_id"],
            step_ms=event["prefill_time_ms" if is_first else "step_ms"],
            is_first=is_first,
            finish_reason=event.get("finish_reason"),
        )


@dataclass(frozen=True, slots=True)
class Generation:
    """A whole answer and what it cost; `/generate` without streaming returns this.

    prompt_tokens, completion_tokens: how many were read and how many were made.
    prefill_time_ms: the step that read the prompt and made the first token.
    total_time_ms: from the moment the request was admitted to its last token.
    tokens_per_second: (n - 1) / (total - prefill), the rate after the first token;
        `None` for a single token, where there is nothing to divide.
    """

    text: str
    token_ids: list[int]
    prompt_tokens: int
    completion_tokens: int
    finish_reason: FinishReason
    prefill_time_ms: float
    total_time_ms: float
    tokens_per_second: float | None

    @classmethod
    def of(cls, tokens: Sequence[Token], prompt_tokens: int, total_ms: float) -> Self:
        """Sum up a finished stream; `ValueError` if its last token is missing."""
        if not tokens or tokens[-1].finish_reason is None:
            raise ValueError(
                f"expected a finished stream, got {len(tokens)} tokens without a "
                "finish_reason at the end: read the stream to its end first."
            )
        prefill_ms = tokens[0].step_ms
        decode_ms = total_ms - prefill_ms
        rate = 1e3 * (len(tokens) - 1) / decode_ms if len(tokens) > 1 else None
        return cls(
            text="".join(token.text for token in tokens),
            token_ids=[token.token_id for token in tokens],
            prompt_tokens=prompt_tokens,
            completion_tokens=len(tokens),
            finish_reason=tokens[-1].finish_reason,
            prefill_time_ms=round(prefill_ms, 3),
            total_time_ms=round(total_ms, 3),
            tokens_per_second=None if rate is None else round(rate, 3),
        )

    def as_dict(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        return asdict(self)
