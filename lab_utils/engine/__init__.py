"""A prompt in, tokens out. Nothing here knows about HTTP, asyncio or widgets.

The engine that runs a model is `lab_utils.engine.model_engine`, made by
`lab_utils.engine.loading`: they need torch, and what is named here does not.
"""

from lab_utils.engine.base import Engine
from lab_utils.engine.driver import Driver
from lab_utils.engine.fake import FakeEngine
from lab_utils.engine.scheduler import Scheduler
from lab_utils.engine.slots import Request, Slots

__all__ = ["Driver", "Engine", "FakeEngine", "Request", "Scheduler", "Slots"]
