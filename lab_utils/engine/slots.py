"""What a scheduler drives: a fixed number of sequences that advance together."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab_utils.tokens import SamplingParams, Token


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was checked: it fits the context and can be started any time.

    prompt_ids: the prompt as token ids. max_tokens: how many tokens it may make.
    """

    prompt_ids: list[int]
    max_tokens: int
    params: SamplingParams


class Slots(ABC):
    """The running sequences of an engine, numbered from 0; driven by one thread.

    A slot is opened with a request, prefilled until its first token comes out, decoded
    a token at a time, and closed, which may happen at any moment.
    """

    @abstractmethod
    def open(self, slot: int, request: Request) -> None:
        """Give `slot` to `request`; computes nothing yet."""

    @abstractmethod
    def prefill(
        self, slots: Sequence[int], budget: int
    ) -> Mapping[int, Token | Exception]:
        """Read on in the prompts of `slots`, the first one first, up to `budget` tokens
        together, in one pass where the model can.

        Returns the first token of each whose prompt is through. An exception in the
        result has ended that sequence only; one that is raised says that nothing was
        read.
        """

    @abstractmethod
    def decode(self, slots: Sequence[int]) -> Mapping[int, Token | Exception]:
        """Make the next token of each of `slots`, in one pass where the model can.

        An exception in the result has ended that sequence only; one that is raised has
        ended all of them.
        """

    @abstractmethod
    def close(self, slot: int) -> None:
        """Free `slot`; its sequence is forgotten."""
