"""What clients may send to the routes under /v1; of other fields, see `fields`."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    JsonValue,
    WithJsonSchema,
    model_validator,
)

from lab_utils.prompts import Chat, Message, Prompt
from lab_utils.server.openai.fields import Fields
from lab_utils.tokens import (
    MAX_INT,
    MAX_STOP_LENGTH,
    MAX_STOPS,
    InvalidRequest,
    SamplingParams,
    as_stops,
)

COMPLETION_TOKENS = 16
"""OpenAI's default for completions; chat completions may fill the context."""

# What these fields may hold is checked where it is used; the document says it, too.
_TEXT = {"type": "string", "minLength": 1}
_IDS = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1}
_PROMPT = {"anyOf": [_TEXT, _IDS, *(
    {"type": "array", "items": each, "minItems": 1} for each in (_TEXT, _IDS)
)]}
_STOP_TEXT = {"type": "string", "minLength": 1, "maxLength": MAX_STOP_LENGTH}
_STOP = {"anyOf": [_STOP_TEXT, {"type": "null"}, {
    "type": "array", "items": _STOP_TEXT, "maxItems": MAX_STOPS}]}
_PART = {
    "type": "object", "required": ["type", "text"], "additionalProperties": False,
    "properties": {"type": {"const": "text"}, "text": {"type": "string"}},
}
_CONTENT = {"anyOf": [{"type": "string"}, {
    "type": "array", "items": _PART, "minItems": 1}]}


def _documented(**bounds: JsonValue) -> Any:
    """Bounds that are checked in `SamplingParams`, and only said here."""
    return Field(json_schema_extra=bounds)


class StreamOptions(Fields):
    """include_usage: one more chunk at the end says how many tokens it were."""

    include_usage: bool | None = False


class _Asked(Fields):
    """The fields of both ways to ask; see `lab_utils.tokens.SamplingParams`.

    model: must be the one that is served, if it is named. user: whom the answer is for;
    it changes nothing.
    """

    model: str | None = None
    max_tokens: Annotated[int, Field(ge=1, le=MAX_INT)] | None = Field(
        None, examples=[16]
    )
    temperature: Annotated[float, _documented(minimum=0, maximum=2)] | None = None
    top_p: Annotated[float, _documented(exclusiveMinimum=0, maximum=1)] | None = None
    seed: Annotated[int, _documented(minimum=0, maximum=MAX_INT)] | None = None
    stop: Annotated[
        tuple[str, ...], BeforeValidator(as_stops), WithJsonSchema(_STOP)
    ] = ()
    stream: bool | None = Field(False, examples=[False])
    stream_options: StreamOptions | None = None
    user: str | None = None

    @model_validator(mode="after")
    def _options_need_a_stream(self) -> Self:
        if self.stream_options is not None and not self.stream:
            raise InvalidRequest(
                "stream_options were sent without stream: true; leave them out or "
                "ask for a stream.", "stream_options",
            )
        return self

    @property
    def include_usage(self) -> bool:
        """Whether a stream is to end with its usage."""
        options = self.stream_options
        return options is not None and bool(options.include_usage)

    def _sampling(self, max_tokens: int | None, default: int) -> SamplingParams:
        return SamplingParams(
            max_tokens=max_tokens,
            temperature=1.0 if self.temperature is None else self.temperature,
            top_p=1.0 if self.top_p is None else self.top_p,
            seed=self.seed,
            stop=self.stop,
            default_tokens=default,
        )


def _prompts(prompt: Any) -> list[Any]:
    """One prompt or several, as a list; a list of numbers is one prompt in tokens."""
    many = isinstance(prompt, list) and prompt and all(
        isinstance(each, str | list) for each in prompt
    )
    return prompt if many else [prompt]


class CompletionRequest(_Asked):
    """The body of `POST /v1/completions`; the prompt goes to the model as it is.

    prompt: a text, or the ids of its tokens, or a list of such prompts, each of which
    gets a choice of its own.
    """

    prompt: Annotated[
        list[Any], BeforeValidator(_prompts), WithJsonSchema(_PROMPT)
    ] = Field(examples=["What is 2 + 2?"])

    def prompts(self) -> list[Prompt]:
        """What is to be completed; it is checked when it is submitted."""
        return self.prompt

    def sampling(self) -> SamplingParams:
        """The same as the engine takes it; raises `InvalidRequest`."""
        return self._sampling(self.max_tokens, COMPLETION_TOKENS)


def _text(content: Any) -> str:
    parts = [content] if isinstance(content, str) else content
    if isinstance(parts, list) and parts:
        texts = [_part(part) for part in parts]
        if all(text is not None for text in texts):
            return "\n".join(map(str, texts))
    raise ValueError('expected a text or a list of {"type": "text", "text": …}')


def _part(part: Any) -> str | None:
    if isinstance(part, dict) and part.get("type") == "text" and len(part) == 2:
        part = part.get("text")
    return part if isinstance(part, str) else None


class ChatMessage(Fields):
    """One turn of the conversation; several parts of text are joined by line breaks.

    `developer` is OpenAI's newer word for `system`.
    """

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str, BeforeValidator(_text), WithJsonSchema(_CONTENT)]


class ChatRequest(_Asked):
    """The body of `POST /v1/chat/completions`; the model's chat template is applied.

    max_completion_tokens: OpenAI's newer name for max_tokens.
    """

    messages: list[ChatMessage] = Field(
        examples=[[{"role": "user", "content": "What is 2 + 2?"}]],
        json_schema_extra={"minItems": 1},
    )
    max_completion_tokens: Annotated[int, Field(ge=1, le=MAX_INT)] | None = None

    def prompts(self) -> list[Prompt]:
        """The conversation; it is checked when it is submitted."""
        return [Chat(tuple(
            Message("system" if each.role == "developer" else each.role, each.content)
            for each in self.messages
        ))]

    def sampling(self) -> SamplingParams:
        """The same as the engine takes it; raises `InvalidRequest`."""
        names = (self.max_completion_tokens, self.max_tokens)
        if None not in names:
            raise InvalidRequest(
                "max_completion_tokens and max_tokens are two names of one number: "
                "send one of them.", "max_tokens",
            )
        return self._sampling(names[0] or names[1], MAX_INT)
