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
from lab_utils.runners.executor import ExecutorRunner
from lab_utils.runners.process import ProcessRunner
from lab_utils.runners.thread import ThreadRunner

__all__ = [
    "EngineDead",
    "ExecutorRunner",
    "Limits",
    "Overloaded",
    "ProcessRunner",
    "Runner",
    "RunnerError",
    "Status",
    "ThreadRunner",
    "TimedOut",
    "TokenStream",
]
