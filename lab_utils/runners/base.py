"""The one interface that the app knows: submit a prompt, iterate over its tokens."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal, Self

from lab_utils.engine import SamplingParams, Token

STOP_S = 0.5
"""Steps take milliseconds; whoever stops a server does not wait for a longer one."""

State = Literal["ok", "dead", "stalled"]


class RunnerError(RuntimeError):
    """A request could not be finished; the text may be shown to the client.

    `code` is a word for programs.
    """

    code = "engine_error"


class Overloaded(RunnerError):
    """Every slot and every place in the queue is taken; try again in a moment."""

    code = "overloaded"


class EngineDead(RunnerError):
    """The engine's thread has ended or hangs; no request can be served any more."""

    code = "engine_dead"


class TimedOut(RunnerError):
    """A request ran longer than `Limits` allow, or its reader did not read."""

    code = "timed_out"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much; in seconds, bytes and tokens. Set by `create_app`.

    body_bytes: the largest request body. queue_s: the longest wait for a slot.
    request_s: the longest a request may take in all. reader_s: how long a client may
    stop reading. unread_tokens: how many tokens may wait for it meanwhile. stall_s: a
    step that takes longer than this, and than 20 times the slowest step so far, means
    that the engine hangs. comment_s: the longest silence on an open stream.
    """

    body_bytes: int = 1_000_000
    queue_s: float = 30
    request_s: float = 300
    reader_s: float = 30
    unread_tokens: int = 256
    stall_s: float = 10
    comment_s: float = 15


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Status:
    """What `/health` shows; `running` requests hold a slot, `waiting` ones not yet."""

    status: State
    model: str
    runner: str
    running: int
    waiting: int
    max_batch: int


class TokenStream(ABC):
    """The tokens of one admitted request, to be read on the event loop.

    Iterating ends after the last token, or raises what ended the request: an
    exception of the engine, or a `RunnerError`.
    """

    prompt_tokens: int
    admitted: float  # perf_counter when the request was counted in

    def __aiter__(self) -> AsyncIterator[Token]:
        return self

    @abstractmethod
    async def __anext__(self) -> Token:
        """Wait for the next token."""

    @abstractmethod
    def cancel(self) -> None:
        """Give the slot back, whatever state the request is in; call it any number of
        times. Whoever submits must make sure that it is called in the end."""


class Runner(ABC):
    """Runs an engine somewhere else than on the event loop.

    kind: its name on the command line and in `/health`. model: the model's name.
    max_batch: how many requests run at the same time. max_queue: how many more may
    wait. context: how many tokens a prompt and its answer may have together. pace_ms:
    how long each step is made to last at least.
    """

    kind: str
    model: str
    max_batch: int
    max_queue: int
    context: int
    pace_ms: float

    @abstractmethod
    def start(self) -> Self:
        """Start the engine if it does not run; raises what kept it from starting."""

    @abstractmethod
    async def submit(
        self, prompt: str, params: SamplingParams, limits: Limits
    ) -> TokenStream:
        """Count the request in, check it, and return at once with its stream.

        Raises `Overloaded` before anything was computed, `EngineDead`, and
        `InvalidRequest` if the prompt cannot be served.
        """

    @abstractmethod
    def status(self, stall_s: float = DEFAULT_LIMITS.stall_s) -> Status:
        """How the engine is; never waits and never enqueues work."""

    @property
    @abstractmethod
    def ready(self) -> bool:
        """Whether a new request would be admitted now."""

    @abstractmethod
    def stop(self, timeout: float = STOP_S) -> None:
        """End every request with an error at once, then wait for the engine to end, at
        most `timeout` s."""
