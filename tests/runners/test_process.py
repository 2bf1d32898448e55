"""What only an engine in its own process can do wrong, and what must hold then."""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import zmq

from lab_utils import BackgroundServer, LabClient, create_app
from lab_utils.client import LabError, RequestRefused, StreamFailed
from lab_utils.runners import Limits, ProcessRunner
from lab_utils.runners.process import link as engine_link
from lab_utils.runners.process.link import EngineStartError
from lab_utils.runners.process.messages import Made, encode
from lab_utils.server import background
from lab_utils.server.serving import ServerError
from lab_utils.tokens import Token
from tests import factories
from tests.support import Figure, wait_until

PATIENCE_S = 15.0

pytestmark = [
    pytest.mark.runner("process"),
    pytest.mark.skipif(
        sys.platform == "win32", reason="signals of POSIX are what is tested here"
    ),
]


def children() -> set[int]:
    """The engine processes of this one; multiprocessing's resource tracker stays."""
    found = set[int]()
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            if "resource_tracker" not in " ".join(child.cmdline()):
                found.add(child.pid)
    return found


class Setup:
    """A server on an endless engine in a process."""

    def __init__(self, runner: ProcessRunner, limits: Limits | None = None) -> None:
        self.runner = runner
        self.server = BackgroundServer(create_app(runner, limits=limits)).start()
        self.client = LabClient(self.server.url, timeout=PATIENCE_S)

    @property
    def process(self) -> psutil.Process:
        assert self.runner.link is not None
        return psutil.Process(self.runner.link.pid)

    def close(self) -> None:
        self.client.close()
        self.server.stop()


@pytest.fixture(autouse=True)
def no_child_stays_behind() -> Iterator[None]:
    before = children()
    yield
    assert children() <= before


@pytest.fixture(scope="module")
def setup() -> Iterator[Setup]:
    """One for all who leave the engine as it was."""
    made = Setup(ProcessRunner("x", factory=factories.endless), Limits(stall_s=0.8))
    yield made
    made.close()


@pytest.fixture
def own() -> Iterator[Setup]:
    """One that may be ended."""
    made = Setup(ProcessRunner("x", factory=factories.endless))
    yield made
    made.close()


def test_row_24_a_stopped_engine_is_noticed_and_nothing_is_queued_to_find_out(
    setup: Setup,
) -> None:
    assert setup.client.health()["status"] == "ok"
    setup.process.suspend()
    wait_until(lambda: setup.client.health()["status"] == "stalled")
    assert setup.client.health()["waiting"] == 0
    setup.process.resume()
    wait_until(lambda: setup.client.health()["status"] == "ok")


class Bomb:
    """Unpickling this writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (self.path,))  # type: ignore[return-value]


@pytest.mark.parametrize("frames", [
    [b""], [b"\xc1"], [os.urandom(500)], [b"a", b"b", b"c"],
    [encode([Made(1, Token("forged", 1, 0.0))])],
], ids=["empty", "no-msgpack", "random", "many", "forged"])
def test_row_26_frames_of_strangers_are_dropped_and_counted(
    setup: Setup, frames: list[bytes]
) -> None:
    link = setup.runner.link
    assert link is not None
    dropped = link.dropped
    with zmq.Context() as context, context.socket(zmq.DEALER) as stranger:
        stranger.setsockopt(zmq.LINGER, 1000)
        stranger.connect(f"ipc://{link.home}/engine")
        stranger.send_multipart(frames)
        wait_until(lambda: link.dropped == dropped + 1)
    assert [token.text for token in setup.client.stream("hi", max_tokens=2)] == [
        "tick ", "tick "
    ]


def test_row_26_a_pickle_bomb_does_not_go_off(
    setup: Setup, tmp_path: Path
) -> None:
    link = setup.runner.link
    assert link is not None
    dropped = link.dropped
    crater = tmp_path / "crater"
    with zmq.Context() as context, context.socket(zmq.DEALER) as stranger:
        stranger.connect(f"ipc://{link.home}/engine")
        stranger.send(pickle.dumps(Bomb(crater)))
        wait_until(lambda: link.dropped == dropped + 1)
    assert not crater.exists()


def test_row_27_a_late_token_of_a_request_that_left_is_ignored(setup: Setup) -> None:
    for _ in range(20):  # the engine has made more before it hears of it
        stream = setup.client.stream("hi", max_tokens=90_000)
        next(stream)
        stream.close()
    wait_until(lambda: setup.client.health()["running"] == 0)
    texts = [token.text for token in setup.client.stream("hi", max_tokens=2)]
    assert texts == ["tick ", "tick "] and setup.client.health()["status"] == "ok"


def test_row_28_an_interrupt_of_the_process_group_does_not_end_the_engine(
    setup: Setup,
) -> None:
    stream = setup.client.stream("hi", max_tokens=40)
    next(stream)
    setup.process.send_signal(signal.SIGINT)
    assert len(list(stream)) == 39


def test_row_23_a_killed_engine_is_told_to_everybody_within_a_second(
    own: Setup, record_property: Figure
) -> None:
    streams = [own.client.stream("hi") for _ in range(3)]
    for stream in streams:
        next(stream)
    own.process.kill()
    killed = time.monotonic()
    for stream in streams:
        with pytest.raises(StreamFailed, match="died"):
            list(stream)
    took = time.monotonic() - killed
    assert took < 1
    record_property("figure", f"three readers told within {1e3 * took:.0f} ms")
    assert own.client.health()["status"] == "dead"
    with pytest.raises(RequestRefused, match="503"):
        own.client.generate("hi")


def test_row_24_a_step_that_does_not_end_is_noticed() -> None:
    runner = ProcessRunner("x", factory=factories.hanging, hang_at=3)
    hung = Setup(runner, Limits(stall_s=0.5))
    try:
        stream = hung.client.stream("hi")
        assert [next(stream).text for _ in range(3)] == ["tick "] * 3
        wait_until(lambda: hung.client.health()["status"] == "stalled")
        stream.close()
    finally:
        hung.close()


def test_it_starts_in_a_notebook_whose_names_were_reset(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # IPython's %reset empties the main module, and with it what multiprocessing reads.
    monkeypatch.delattr(sys.modules["__main__"], "__spec__")
    runner = ProcessRunner("fake", factory=factories.endless)
    runner.start()
    assert runner.ready
    runner.stop()


def test_row_25_what_keeps_the_engine_from_starting_is_raised() -> None:
    runner = ProcessRunner("x", factory=factories.missing)
    with pytest.raises(EngineStartError, match="FileNotFoundError: no such weights"):
        runner.start()


def test_row_25_an_engine_that_ends_without_a_word_is_an_error() -> None:
    with pytest.raises(EngineStartError, match="status 7"):
        ProcessRunner("x", factory=factories.dying).start()


def test_row_25_an_engine_that_never_gets_ready_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_link, "START_S", 0.5)
    with pytest.raises(EngineStartError, match="not ready within"):
        ProcessRunner("x", factory=factories.slow_to_load).start()


def test_row_26_the_socket_is_in_a_directory_of_ours_alone(own: Setup) -> None:
    link = own.runner.link
    assert link is not None
    assert link.home.stat().st_mode & 0o077 == 0
    home = link.home
    own.server.stop()
    assert not home.exists(), "and it is gone afterwards"


def test_row_29_no_engine_outlives_a_parent_that_was_killed(tmp_path: Path) -> None:
    program = tmp_path / "parent.py"
    program.write_text(textwrap.dedent("""
        import time
        from lab_utils.runners import ProcessRunner
        from tests import factories
        if __name__ == "__main__":
            runner = ProcessRunner("x", factory=factories.endless).start()
            print(runner.link.pid, flush=True)
            time.sleep(60)
    """))
    root = Path(__file__).parents[2]
    parent = subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, text=True, cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert parent.stdout is not None
    engine = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(
        lambda: not engine.is_running() or engine.status() == psutil.STATUS_ZOMBIE
    )


def test_row_31_stop_is_bounded_while_a_step_hangs() -> None:
    hung = Setup(ProcessRunner("x", factory=factories.hanging, hang_at=0))
    try:
        with pytest.raises(LabError):
            LabClient(hung.server.url, timeout=0.3).generate("hi")
    finally:
        started = time.monotonic()
        hung.close()
    assert time.monotonic() - started < 5


@pytest.mark.program
def test_row_34_torch_in_the_parent_does_not_hang_the_child() -> None:
    import torch

    torch.rand(500, 500) @ torch.rand(500, 500)
    with BackgroundServer(create_app(ProcessRunner("tutor"))) as server:
        client = LabClient(server.url, timeout=PATIENCE_S)
        assert client.generate("What is 2 + 2?", temperature=0, max_tokens=3).text
        client.close()


def test_it_can_be_started_again_after_a_stop() -> None:
    runner = ProcessRunner("x", factory=factories.endless)
    for _ in range(2):
        with (
            BackgroundServer(create_app(runner)) as server,
            LabClient(server.url, timeout=PATIENCE_S) as client,
        ):
            assert client.generate("hi", max_tokens=2).text == "tick tick "


def test_row_25_a_factory_that_cannot_be_sent_is_an_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.mkdtemp", lambda prefix: _new(tmp_path))
    with pytest.raises(Exception, match=r"pickle|local object"):
        ProcessRunner("x", factory=lambda model: factories.endless(model)).start()
    assert not list(tmp_path.iterdir())


def _new(folder: Path) -> str:
    (folder / "home").mkdir()
    return str(folder / "home")


def test_row_25_an_engine_that_loads_can_be_stopped() -> None:
    runner, before = ProcessRunner("x", factory=factories.slow_to_load), children()
    errors = list[BaseException]()

    def start() -> None:
        try:
            runner.start()
        except EngineStartError as error:
            errors.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    wait_until(lambda: children() > before)
    runner.stop()
    thread.join(2)
    assert not thread.is_alive()
    assert "stopped while it started" in str(errors[0])


def test_row_25_a_server_that_gives_up_waiting_leaves_no_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(background, "START_S", 0.5)
    runner = ProcessRunner("x", factory=factories.slow_to_load)
    with pytest.raises(ServerError, match="did not start within"):
        BackgroundServer(create_app(runner)).start()


def test_row_32_two_who_start_at_the_same_time_share_a_process() -> None:
    before = len(children())
    runner = ProcessRunner("x", factory=factories.endless)
    threads = [threading.Thread(target=runner.start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert runner.ready and len(children()) == before + 1
    runner.stop()
