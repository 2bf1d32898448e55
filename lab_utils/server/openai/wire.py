"""Answers in OpenAI's format: a whole one, or its chunks in their order.

A stream is, for each choice: (chat only) a delta with the role, deltas with text, and a
chunk that has nothing but the `finish_reason`; then, if it was asked for, one chunk
without choices that has the usage. Every chunk repeats the `id` and `created`.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

from lab_utils.runners import Job
from lab_utils.tokens import FinishReason, Generation, Token


class Completion(ABC):
    """One response to a request: its name, its time, and what it counted.

    jobs: one for each choice. include_usage: whether a stream ends with the usage.
    """

    prefix: str
    whole_object: str
    chunk_object: str

    def __init__(self, model: str, jobs: Sequence[Job], include_usage: bool) -> None:
        self._model = model
        self._id = f"{self.prefix}-{uuid4().hex}"
        self._created = int(time.time())  # a date, not a duration
        self._include_usage = include_usage
        self._prompt_tokens = sum(job.prompt_tokens for job in jobs)
        self._made = [0] * len(jobs)

    def whole(self, answers: Sequence[Generation]) -> dict[str, Any]:
        """The body of a response that is no stream."""
        choices = [
            {"index": index, **self._said(answer.text), "logprobs": None,
             "finish_reason": answer.finish_reason}
            for index, answer in enumerate(answers)
        ]
        made = sum(answer.completion_tokens for answer in answers)
        body = self._body(self.whole_object, choices)
        return {**body, "usage": self._usage(made)}

    def events(self, index: int, token: Token) -> Iterator[dict[str, Any]]:
        """The chunks for one token of the choice `index`."""
        if not self._made[index]:
            yield from self._opening(index)
        self._made[index] += 1
        if token.text:
            yield self._chunk(index, self._delta(token.text))
        if token.finish_reason is not None:
            yield self._chunk(index, self._nothing(), token.finish_reason)

    def end(self) -> Iterator[dict[str, Any]]:
        """What comes after the last token."""
        if self._include_usage:
            usage = self._usage(sum(self._made))
            yield {**self._body(self.chunk_object, []), "usage": usage}

    def _opening(self, index: int) -> Iterator[dict[str, Any]]:
        return iter(())

    @abstractmethod
    def _said(self, text: str) -> dict[str, Any]:
        """A whole text, as a choice has it."""

    @abstractmethod
    def _delta(self, text: str) -> dict[str, Any]:
        """A piece of text, as the choice of a chunk has it."""

    @abstractmethod
    def _nothing(self) -> dict[str, Any]:
        """No more text, as the last chunk of a choice has it."""

    def _chunk(
        self, index: int, said: dict[str, Any], reason: FinishReason | None = None
    ) -> dict[str, Any]:
        choice = {"index": index, **said, "logprobs": None, "finish_reason": reason}
        body = self._body(self.chunk_object, [choice])
        return {**body, "usage": None} if self._include_usage else body

    def _body(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created,
                "model": self._model, "choices": choices}

    def _usage(self, made: int) -> dict[str, int]:
        read = self._prompt_tokens
        return {"prompt_tokens": read, "completion_tokens": made,
                "total_tokens": read + made}


class TextCompletion(Completion):
    """The format of `/v1/completions`."""

    prefix = "cmpl"
    whole_object = chunk_object = "text_completion"

    def _said(self, text: str) -> dict[str, Any]:
        return {"text": text}

    _delta = _said

    def _nothing(self) -> dict[str, Any]:
        return {"text": ""}


class ChatCompletion(Completion):
    """The format of `/v1/chat/completions`."""

    prefix = "chatcmpl"
    whole_object = "chat.completion"
    chunk_object = "chat.completion.chunk"

    def _opening(self, index: int) -> Iterator[dict[str, Any]]:
        yield self._chunk(index, {"delta": {"role": "assistant", "content": ""}})

    def _said(self, text: str) -> dict[str, Any]:
        return {"message": {"role": "assistant", "content": text}}

    def _delta(self, text: str) -> dict[str, Any]:
        return {"delta": {"content": text}}

    def _nothing(self) -> dict[str, Any]:
        return {"delta": {}}
