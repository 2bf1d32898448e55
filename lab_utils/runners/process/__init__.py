"""The engine in a process of its own, as in vLLM V1 and SGLang: it shares no GIL with
the event loop, and its death is not ours.

`runner` is what the app sees; `link` starts the process, owns the socket and notices
its end; `messages` is what the two sides say; `child` runs over there.
"""

from lab_utils.runners.process.link import EngineStartError
from lab_utils.runners.process.runner import ProcessRunner

__all__ = ["EngineStartError", "ProcessRunner"]
