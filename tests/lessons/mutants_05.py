"""What lesson 05 must notice: servers that start, stop, or are remembered wrongly."""

from tests.lessons.mutants import Mutant

BACKGROUND = "lab_utils/server/background.py"
REGISTRY = "lab_utils/registry.py"

MUTANTS = [
    Mutant(
        "of a failed start only uvicorn's exit is told",
        BACKGROUND,
        old="why = self._startup_error or repr(error)",
        new="why = repr(error)",
        section="5.3",
    ),
    Mutant(
        "a server whose thread died counts as started",
        BACKGROUND,
        old='raise ServerError(f"the server did not start: {why}") from error',
        new="return",
        section="5.3",
    ),
    Mutant(
        "a fixed port is ignored",
        BACKGROUND,
        old="sock = bind(self._host, self._wanted_port)",
        new="sock = bind(self._host, 0)",
        section="5.3",
    ),
    Mutant(
        "stop does not wait for the thread",
        BACKGROUND,
        old="self._thread.join(STOP_S - 0.3)\n        if self._thread.is_alive():",
        new="if False:",
        section="5.3",
    ),
    Mutant(
        "a server stops the others of its own cell",
        REGISTRY,
        old="and then.cell == now.cell and then.execution != now.execution",
        new="and then.cell == now.cell",
        section="5.3",
    ),
    Mutant(
        "stop cuts the streams off without a word",
        "lab_utils/server/serving.py",
        old="        self.stop_runner()\n        await super().shutdown(sockets)",
        new="        await super().shutdown(sockets)",
        section="5.5",
    ),
    Mutant(
        "the async client holds its thread while it waits",
        "lab_utils/client.py",
        old="response = await client.get(HEALTH)",
        new="response = self._client.get(HEALTH)",
        section="5.6",
    ),
    Mutant(
        "servers that a cell started are not remembered",
        REGISTRY,
        old="        _entries[started] = entry",
        new="        if entry.origin is None:\n            _entries[started] = entry",
        section="Summary",
    ),
]
