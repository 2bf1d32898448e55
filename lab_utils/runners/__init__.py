"""Where the engine runs while the event loop stays free. Nothing here knows HTTP."""

from lab_utils.runners.base import (
    EngineDead,
    Limits,
    Overloaded,
    Runner,
    RunnerError,
    Status,
    TimedOut,
    TokenStream,
)
from lab_utils.runners.thread import ThreadRunner

__all__ = [
    "EngineDead",
    "Limits",
    "Overloaded",
    "Runner",
    "RunnerError",
    "Status",
    "ThreadRunner",
    "TimedOut",
    "TokenStream",
]
