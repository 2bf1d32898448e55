"""The parent's side of an engine process: its start, its socket, its death.

One thread owns the ZeroMQ socket, since those must not be shared; others reach it
through a queue and a pair of plain sockets that wakes it.
"""

import contextlib
import multiprocessing
import queue
import secrets
import shutil
import signal
import socket as sockets
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import zmq

from lab_utils.engine import Engine
from lab_utils.runners.errors import RunnerError
from lab_utils.runners.process import child
from lab_utils.runners.process.messages import (
    NotReady,
    Ready,
    Stop,
    ToEngine,
    ToServer,
    decode_for_server,
    encode,
)

START_S = 120.0
POLL_MS = 50
SPAWN = multiprocessing.get_context("spawn")
"""Never fork: a copy of a process in which torch has used its threads hangs."""


class EngineStartError(RunnerError):
    """The engine process did not come up; the text says why."""


class EngineLink:
    """Starts an engine process and exchanges messages with it.

    dropped: how many frames were none of ours, and were ignored. home: the directory of
    its socket, which no other user can enter.
    """

    def __init__(
        self,
        factory: Callable[..., Engine] | None,
        options: dict[str, Any],
        max_batch: int,
    ) -> None:
        self.dropped = 0
        self._identity = secrets.token_bytes(16)
        self.home = Path(tempfile.mkdtemp(prefix="lab-"))  # ours alone: mode 0700
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.SNDHWM, 0)  # a full queue would drop messages
        address = self._bind()
        self._beat = SPAWN.Array("d", [time.monotonic(), 0.0], lock=False)
        start = child.Start(
            address, self._identity, factory, options, max_batch
        )
        childs_end, self._lifeline = SPAWN.Pipe(duplex=False)
        self._process = SPAWN.Process(
            target=child.main, args=(start, childs_end, self._beat),
            name="lab-engine", daemon=True,
        )
        self._outbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._waker, self._woken = sockets.socketpair()
        self._waker.setblocking(False)
        self._thread: threading.Thread | None = None
        self._closing = False
        try:
            _name_main()
            with _interrupts_blocked():
                self._process.start()
        except BaseException:  # such as a factory that cannot be sent to the child
            self._clean_up()
            raise
        finally:
            childs_end.close()

    def _bind(self) -> str:
        """An address that only this user can reach; where there are no such (Windows),
        one on loopback, where the child is known by its secret identity."""
        if sys.platform == "win32":
            port = self._socket.bind_to_random_port("tcp://127.0.0.1")
            return f"tcp://127.0.0.1:{port}"
        address = f"ipc://{self.home}/engine"
        self._socket.bind(address)
        return address

    @property
    def is_alive(self) -> bool:
        """Whether the process lives and the link serves it."""
        serving = self._thread is not None and self._thread.is_alive()
        return serving and self._process.is_alive()

    @property
    def pid(self) -> int | None:
        """The process id of the engine."""
        return self._process.pid

    def silence(self) -> tuple[float, float]:
        """Seconds since the engine's last sign of life, and its slowest step so far."""
        return time.monotonic() - self._beat[0], self._beat[1]

    def wait_until_ready(self) -> Ready:
        """Wait for the model to be loaded; `EngineStartError` if it will not be."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._closing:
                raise EngineStartError("it was stopped while it started")
            for message in self._read(POLL_MS):
                if isinstance(message, NotReady):
                    raise EngineStartError(message.reason)
                if isinstance(message, Ready):
                    return message
            if not self._process.is_alive():
                code = self._process.exitcode
                raise EngineStartError(f"the engine process ended with status {code}")
        raise EngineStartError(f"the engine was not ready within {START_S:.0f} s")

    def serve(
        self, receive: Callable[[ToServer], None], watch: Callable[[], None],
        died: Callable[[], None],
    ) -> None:
        """Start the thread that calls `receive` for each message, `watch` in between,
        and `died` once, when the process ends by itself."""
        self._thread = threading.Thread(
            target=self._serve, args=(receive, watch, died), name="lab-engine-link",
            daemon=True,
        )
        self._thread.start()

    def send(self, message: ToEngine) -> None:
        """Queue `message`; returns at once, from any thread."""
        self._outbox.put(encode(message))
        with contextlib.suppress(OSError):  # closed already
            self._waker.send(b".")

    def give_up(self) -> None:
        """Have `wait_until_ready` fail soon; from any thread."""
        self._closing = True

    def close(self, timeout: float) -> None:
        """Ask the process to end, kill it after `timeout` s, and clean up."""
        self._closing = True
        self.send(Stop())
        self._process.join(timeout if self._thread is not None else 0)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(1)
        if self._thread is not None:
            self._thread.join(1)
        self._clean_up()

    def _clean_up(self) -> None:
        self._lifeline.close()
        self._socket.close()
        self._context.term()
        self._waker.close()
        self._woken.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def _serve(
        self, receive: Callable[[ToServer], None], watch: Callable[[], None],
        died: Callable[[], None],
    ) -> None:
        try:
            while self._process.is_alive() and not self._closing:
                for message in self._read(POLL_MS):
                    receive(message)
                watch()
            self._flush()  # the Stop
        finally:
            if not self._closing:
                died()

    def _read(self, wait_ms: int) -> Iterator[ToServer]:
        """The messages that have come; waits up to `wait_ms` for the first."""
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._woken, zmq.POLLIN)
        ready = dict(poller.poll(wait_ms))
        if self._woken.fileno() in ready:
            self._woken.recv(4096)
        self._flush()
        if self._socket in ready:
            sender, *frames = self._socket.recv_multipart()
            yield from self._decode(sender, frames)

    def _decode(self, sender: bytes, frames: list[bytes]) -> list[ToServer]:
        if sender == self._identity and len(frames) == 1:
            with contextlib.suppress(msgspec.DecodeError):
                return decode_for_server(frames[0])
        self.dropped += 1
        return []

    def _flush(self) -> None:
        while not self._outbox.empty():
            self._socket.send_multipart([self._identity, self._outbox.get()])


def _name_main() -> None:
    """A notebook's `%reset` also takes `__spec__` away, which multiprocessing reads."""
    vars(sys.modules["__main__"]).setdefault("__spec__", None)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """A child inherits which signals are blocked: an interrupt of the kernel, which
    goes to the whole process group, cannot end it before it ignores them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
