"""A prompt in, tokens out. Nothing here knows about HTTP, asyncio or widgets."""

from lab_utils.engine.base import Engine
from lab_utils.engine.fake import FakeEngine
from lab_utils.engine.model_engine import ModelEngine
from lab_utils.engine.scheduler import Scheduler
from lab_utils.engine.slots import Request, Slots
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
    "Scheduler",
    "Slots",
    "Token",
]
