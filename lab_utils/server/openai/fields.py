"""What is done with fields of OpenAI's that are not built.

Every field that would change the answer is either built or refused by name: one that is
accepted and ignored would be a lie. `null` and the values in `NEUTRAL` say nothing, and
many clients send them; so they are taken.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from lab_utils.server.schemas import add_example
from lab_utils.tokens import InvalidRequest

NEUTRAL: dict[str, tuple[Any, ...]] = {
    "n": (1,),
    "best_of": (1,),
    "echo": (False,),
    "suffix": ("",),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "presence_penalty": (0, 0.0),
    "frequency_penalty": (0, 0.0),
    "logit_bias": ({},),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "parallel_tool_calls": (True, False),
    "functions": ([],),
    "function_call": ("none", "auto"),
    "service_tier": ("auto", "default"),
    "store": (False,),
    "metadata": ({},),
    "annotations": ([],),
    "include_obfuscation": (False,),
}
"""Fields that are not built, with the values that ask for nothing."""


def _say_what_is_taken(schema: dict[str, Any]) -> None:
    nothing = {name: {"enum": [None, *values]} for name, values in NEUTRAL.items()}
    schema["properties"] |= nothing
    schema["additionalProperties"] = {"type": "null"}
    add_example(schema)


class Fields(BaseModel):
    """A JSON object that refuses what it does not know."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra=_say_what_is_taken
    )

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_says_nothing(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        extra = {name: value for name, value in data.items()
                 if name not in cls.model_fields and value is not None}
        for name, value in extra.items():
            # Not `value in …`: to Python, true and 1 are the same.
            neutral = NEUTRAL.get(name, ())
            if not any(type(each) is type(value) and each == value for each in neutral):
                raise _not_built(name)
        return {name: data[name] for name in data if name in cls.model_fields}


def _not_built(name: str) -> InvalidRequest:
    known = "expected it to be left out" if name not in NEUTRAL else (
        f"expected {' or '.join(map(repr, NEUTRAL[name]))}, or no such field"
    )
    shown = name[:100].encode("ascii", "backslashreplace").decode()
    return InvalidRequest(
        f"{shown} is not built into this server: {known}.", shown,
        "unsupported_parameter",
    )
