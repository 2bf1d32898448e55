"""Where the engine runs while the event loop stays free. Nothing here knows HTTP."""

from lab_utils.runners.base import Runner, Status
from lab_utils.runners.errors import EngineDead, Overloaded, RunnerError, TimedOut
from lab_utils.runners.executor import ExecutorRunner
from lab_utils.runners.job import Job, Limits
from lab_utils.runners.process import ProcessRunner
from lab_utils.runners.thread import ThreadRunner

__all__ = [
    "EngineDead",
    "ExecutorRunner",
    "Job",
    "Limits",
    "Overloaded",
    "ProcessRunner",
    "Runner",
    "RunnerError",
    "Status",
    "ThreadRunner",
    "TimedOut",
]
