"""The life of a kernel, and what is left of its servers when it ends in any way."""

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from lab_utils import LabClient
from tests.lessons.kernel import Kernel
from tests.support import Figure, wait_until

ROOT = Path(__file__).parents[2]
GONE_WITHIN_S = 5.0
"""The promise is 2 s; the rest is for a machine that is busy with something else."""

pytestmark = [
    pytest.mark.program,
    pytest.mark.runner("notebook"),
    pytest.mark.skipif(
        sys.platform == "win32", reason="signals of POSIX are what is tested here"
    ),
]

START = """
from lab_utils import BackgroundServer, LabClient, LivePanel, create_app, stop_all
from lab_utils.runners import Limits, ProcessRunner
from tests import factories
limits = Limits(stall_s=0.5, comment_s=0.2)
app = create_app(ProcessRunner("x", factory=factories.endless), limits=limits)
server = BackgroundServer(app, port={port}).start()
own = BackgroundServer(create_app(factories.endless("x"))).start()
"""
STREAM = """
panel = LivePanel(server)
reading = panel.generate("hi", max_tokens=90_000)
while len(reading.timeline.arrivals) < 3: pass
"""
GOES_ON = """
import time
seen = len(reading.timeline.arrivals)
time.sleep(0.3)
assert len(reading.timeline.arrivals) > seen
"""
ONE_OF_EACH = """
import threading
import psutil
from lab_utils import registry
names = [thread.name for thread in threading.enumerate()]
assert sum(name.startswith("lab-server") for name in names) == 2, names
assert sum(name.startswith("lab-recording") for name in names) == 1, names
engines = [child for child in psutil.Process().children()
           if "resource_tracker" not in " ".join(child.cmdline())]
assert len(engines) == 1, engines
assert len(registry.running()) == 3, registry.running()
"""
END = """
stop_all()
assert not registry.running()
"""


class Notebook:
    """A kernel whose server is on a port of which this process knows."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as sock:
            self.port = sock.getsockname()[1]
        self.kernel = Kernel(PYTHONPATH=str(ROOT))
        self.start = START.format(port=self.port)
        self.client = LabClient(f"http://127.0.0.1:{self.port}", timeout=5)

    def run(self, *sources: str) -> None:
        """Run cells; the first error ends it."""
        for reply in self.kernel.run_all(list(sources)):
            assert not reply.trace, reply.trace

    def engine(self) -> psutil.Process:
        """The process of the engine that answers."""
        [engine] = [child for child in psutil.Process(self.kernel.pid).children()
                    if "spawn_main" in " ".join(child.cmdline())]
        return engine

    def nothing_is_left_of(self, engine: psutil.Process) -> float:
        """Wait until process and port are gone; how many seconds that took."""
        started = time.monotonic()
        wait_until(lambda: is_gone(engine), "the engine has ended", GONE_WITHIN_S)
        wait_until(lambda: is_free(self.port), "the port is free", GONE_WITHIN_S)
        return time.monotonic() - started


def is_gone(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def is_free(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return False
    return True


@pytest.fixture(scope="module")
def notebook() -> Iterator[Notebook]:
    """One kernel for all tests here; each begins its servers anew."""
    notebook = Notebook()
    with notebook.kernel:
        yield notebook
        notebook.client.close()


def test_row_28_32_run_all_twice_leaves_one_server_of_each(
    notebook: Notebook, record_property: Figure
) -> None:
    for _ in range(2):
        notebook.run(notebook.start, STREAM, GOES_ON, ONE_OF_EACH)
    engine = notebook.engine()
    reading = "for token in LabClient(own.url).stream('hi', max_tokens=90_000): pass"
    reply = notebook.kernel.run_interrupted(reading, after_s=0.5)
    assert reply.error == "KeyboardInterrupt"
    notebook.run(GOES_ON, ONE_OF_EACH)
    assert notebook.engine() == engine, "an interrupt is not for the engine"
    notebook.run(END)
    notebook.nothing_is_left_of(engine)
    record_property("figure", "two servers, one engine process, one reader")


def test_row_33_a_taken_port_is_an_error_in_the_cell(notebook: Notebook) -> None:
    with socket.create_server(("127.0.0.1", notebook.port)):
        reply = notebook.kernel.run(notebook.start)
    assert reply.error == "ServerError"
    assert f"port {notebook.port} is taken" in reply.message
    notebook.run("stop_all()")


def test_row_65_a_notebook_that_is_closed_while_it_streams_goes_on(
    notebook: Notebook,
) -> None:
    notebook.run(notebook.start, STREAM)
    notebook.kernel.close_and_open()
    notebook.run(GOES_ON, ONE_OF_EACH, END)


def test_row_64_a_laptop_that_slept_goes_on(
    notebook: Notebook, record_property: Figure
) -> None:
    """Kernel and engine stand still for longer than any step may take; as long as they
    sleep the wall clock goes on."""
    notebook.run(notebook.start, STREAM)
    family = [psutil.Process(notebook.kernel.pid), notebook.engine()]
    for process in family:
        process.suspend()
    time.sleep(1.5)
    for process in reversed(family):
        process.resume()
    wait_until(lambda: notebook.client.health()["status"] == "ok", "it is well again")
    notebook.run(GOES_ON, ONE_OF_EACH)
    assert notebook.client.generate("hi", max_tokens=2).text == "tick tick "
    notebook.run(END)
    record_property("figure", "asleep for three times the stall limit, all goes on")


@pytest.mark.runner("process")
def test_row_29_a_restart_leaves_no_engine_and_no_port(
    notebook: Notebook, record_property: Figure
) -> None:
    notebook.run(notebook.start, STREAM)
    engine = notebook.engine()
    notebook.kernel.restart()
    took = notebook.nothing_is_left_of(engine)
    notebook.run(notebook.start, STREAM, GOES_ON, ONE_OF_EACH, END)
    record_property("figure", f"gone {took:.1f} s after a restart")


@pytest.mark.runner("process")
def test_row_29_66_a_kernel_that_is_killed_leaves_nothing_and_harms_no_other(
    notebook: Notebook, record_property: Figure
) -> None:
    other = Notebook()
    with other.kernel:
        other.run(other.start, STREAM)
        notebook.run(notebook.start, STREAM)
        engine = other.engine()
        os.kill(other.kernel.pid, signal.SIGKILL)
        took = other.nothing_is_left_of(engine)
        other.client.close()
    notebook.run(GOES_ON, ONE_OF_EACH)
    notebook.run(END)
    record_property("figure", f"gone {took:.1f} s after a SIGKILL")
