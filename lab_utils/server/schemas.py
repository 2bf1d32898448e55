"""What clients may send to `/generate`, and what errors look like."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from lab_utils.tokens import (
    DEFAULT_MAX_TOKENS,
    MAX_INT,
    MAX_STOP_LENGTH,
    MAX_STOPS,
    SamplingParams,
    as_stops,
)

StopString = Annotated[str, Field(min_length=1, max_length=MAX_STOP_LENGTH)]
StopStrings = Annotated[list[StopString], Field(max_length=MAX_STOPS)]


def add_example(schema: dict[str, Any]) -> None:
    """Show what its fields have as examples as one body, to be tried out in `/docs`.

    What the page would make up by itself is not served: the largest seed, rounded up.
    """
    fields = schema["properties"].items()
    shown = {name: each["examples"][0] for name, each in fields if "examples" in each}
    if shown:
        schema["examples"] = [shown]


class _Sampling(BaseModel):
    """The fields of every way to ask; they mean what they mean in `SamplingParams`.

    Unknown fields are refused: a field that is accepted and ignored would be a lie.
    """

    model_config = ConfigDict(extra="forbid")

    prompt: str = Field(
        description="Goes to the model as it is; it must not be empty.",
        examples=["What is 2 + 2?"],
    )
    max_tokens: int = Field(DEFAULT_MAX_TOKENS, ge=1, examples=[16])
    temperature: float = Field(0.7, ge=0, le=2, allow_inf_nan=False, examples=[0])
    top_p: float = Field(1.0, gt=0, le=1, allow_inf_nan=False)
    seed: int | None = Field(None, ge=0, le=MAX_INT)

    def sampling(self) -> SamplingParams:
        """The same as the engine takes it.

        A `max_tokens` that was not sent is left to the engine, which lowers its default
        to what fits the context.
        """
        was_sent = "max_tokens" in self.model_fields_set
        return SamplingParams(
            max_tokens=self.max_tokens if was_sent else None,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            stop=as_stops(getattr(self, "stop", None)),
        )


class GenerateQuery(_Sampling):
    """The fields of `GET /generate?prompt=…`, which a browser's EventSource sends."""

    stop: StopStrings | None = None


class GenerateRequest(_Sampling):
    """The JSON body of `POST /generate`: types are not guessed, `"16"` is no number.

    stream: False returns the whole answer as JSON, True a stream of events.
    """

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra=add_example
    )

    stream: bool = Field(False, examples=[False])
    stop: StopString | StopStrings | None = None


class GenerateResponse(BaseModel):
    """The whole answer; see `lab_utils.engine.Generation` for units."""

    text: str
    token_ids: list[int]
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str
    prefill_time_ms: float
    total_time_ms: float
    tokens_per_second: float | None


class HealthResponse(BaseModel):
    """How the engine is; see `lab_utils.runners.Status`."""

    status: str
    model: str
    runner: str
    running: int
    waiting: int
    max_batch: int


class ReadyResponse(BaseModel):
    """Whether a new request would be admitted."""

    ready: bool


class ErrorDetail(BaseModel):
    """What went wrong: in words, its kind, the field at fault, a word for programs."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorResponse(BaseModel):
    """An error in OpenAI's format."""

    error: ErrorDetail


def error_body(
    message: str, type: str, param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    """An error in OpenAI's format; all four fields are always there."""
    return {"error": {"message": message, "type": type, "param": param, "code": code}}
