"""A prompt in, tokens out. Nothing here knows about HTTP, asyncio or widgets."""

from lab_utils.engine.base import Engine, Request
from lab_utils.engine.fake import FakeEngine
from lab_utils.engine.model_engine import ModelEngine
from lab_utils.engine.tokens import (
    FinishReason,
    Generation,
    InvalidRequest,
    SamplingParams,
    Token,
)

__all__ = [
    "Engine",
    "FakeEngine",
    "FinishReason",
    "Generation",
    "InvalidRequest",
    "ModelEngine",
    "Request",
    "SamplingParams",
    "Token",
]
