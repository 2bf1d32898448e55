"""What the routes under /v1 answer, as `/openapi.json` describes it; `wire` writes it.
"""

from typing import Literal

from pydantic import BaseModel

from lab_utils.tokens import FinishReason


class Usage(BaseModel):
    """How many tokens were read and made."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class _Choice(BaseModel):
    index: int
    logprobs: None
    finish_reason: FinishReason


class TextChoice(_Choice):
    """One completion."""

    text: str


class Answer(BaseModel):
    """What the model says in a chat."""

    role: Literal["assistant"]
    content: str


class ChatChoice(_Choice):
    """One answer in a chat."""

    message: Answer


class _Completion(BaseModel):
    id: str
    created: int
    model: str
    usage: Usage


class CompletionResponse(_Completion):
    """A whole completion; a choice for each prompt."""

    object: Literal["text_completion"]
    choices: list[TextChoice]


class ChatResponse(_Completion):
    """A whole answer in a chat."""

    object: Literal["chat.completion"]
    choices: list[ChatChoice]


class ModelResponse(BaseModel):
    """One model; `max_model_len` is its context in tokens."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    max_model_len: int


class ModelsResponse(BaseModel):
    """All models that are served."""

    object: Literal["list"]
    data: list[ModelResponse]
