"""A server that somebody else wrote, on the weights of `tutor`."""

from contextlib import ExitStack
from importlib.util import find_spec

from lab_utils import registry
from lab_utils.peers import llama_cpp
from lab_utils.peers.process import started


class Foreign:
    """llama.cpp's server as a process of its own; `stop_all()` ends it, and so does a
    cell that is run again. url: its OpenAI routes."""

    def __init__(self) -> None:
        registry.replace_previous()
        self._stack = ExitStack()
        up = self._stack.enter_context(started(llama_cpp.server("tutor")))
        self.url = f"{up.url}/v1"
        self.is_running = True
        registry.add(self, self.stop)

    def stop(self) -> None:
        """End the process; calling it again does nothing."""
        registry.remove(self)
        self._stack.close()
        self.is_running = False


def llama_cpp_server() -> str | None:
    """Start it and return its address; None, and a sentence, if it is not installed."""
    if find_spec("xllamacpp") is None:
        print("llama.cpp's server is not installed: the panel shows ours instead.")
        return None
    return Foreign().url
