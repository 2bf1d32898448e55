"""A cell that is interrupted in a kernel: its request is left, the server lives."""

import pytest

from tests.lessons.kernel import Kernel

START = {
    "thread": "create_app(load_engine('tutor', pace_ms=20))",
    "process": "create_app(ProcessRunner('tutor', pace_ms=20))",
}
SETUP = """
import threading, time
from lab_utils import *
from lab_utils.runners import ProcessRunner
server = BackgroundServer({app}).start()
panel = LivePanel(server, max_tokens=400)
client = LabClient(server.url)
"""
CELLS = {
    "join": "panel.generate('Tell me a story.', temperature=1.0).join()",
    "await": "await panel.generate('Tell me a story.', temperature=1.0)",
    "stream": "for token in client.stream('Tell me a story.', max_tokens=400): pass",
}
CHECK = """
deadline = time.monotonic() + 5
while client.health()["running"] and time.monotonic() < deadline:
    time.sleep(0.05)
assert client.health()["status"] == "ok" and not client.health()["running"]
assert client.generate("Hello", temperature=0).text.startswith("Welcome")
left = [thread.name for thread in threading.enumerate()]
assert "lab-recording" not in left, left
"""


@pytest.mark.program
@pytest.mark.runner("notebook")
@pytest.mark.parametrize("runner", START)
def test_row_28_an_interrupt_leaves_the_request_and_the_server_lives(
    runner: str,
) -> None:
    with Kernel(LAB_PACE_MS="20") as kernel:
        assert not kernel.run(SETUP.format(app=START[runner])).trace
        for name, cell in CELLS.items():
            reply = kernel.run_interrupted(cell, after_s=1.5)
            assert reply.error in ("KeyboardInterrupt", "CancelledError"), name
            assert not (after := kernel.run(CHECK)).trace, f"{name}: {after.trace}"
        assert not kernel.run("stop_all()").trace
