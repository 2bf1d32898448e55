"""The child process: a scheduler behind a socket. Nothing here knows HTTP or asyncio.

It ends when it is told to, and also when its parent is gone, however that ended: it
holds one end of a pipe whose other end only the parent has, and reads until it closes.
"""

import os
import queue
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import msgspec
import zmq

from lab_utils.engine import Driver, Engine, Request
from lab_utils.runners.process.messages import (
    Abort,
    Failed,
    Gone,
    Made,
    NotReady,
    Prepared,
    Read,
    Ready,
    Refused,
    Started,
    Stop,
    Submit,
    ToServer,
    decode_for_engine,
    encode,
)
from lab_utils.tokens import InvalidRequest, Token

IDLE_MS = 200
PREPARING_MS = 2


@dataclass(frozen=True, slots=True)
class Start:
    """How the child is to start: where to connect, under which name, with what engine.

    factory: importable; called with `options`, it returns the engine; None means
    `load_engine`. identity: the per-start secret by which the parent knows the child.
    """

    address: str
    identity: bytes
    factory: Callable[..., Engine] | None
    options: dict[str, Any]
    max_batch: int


def main(start: Start, parent: Connection, beat: Any) -> None:
    """The target of the process. `beat` is shared memory, two doubles: the time of the
    last sign of life (`time.monotonic`) and how long the slowest step took."""
    # Interrupting the kernel signals the whole process group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.setsockopt(zmq.IDENTITY, start.identity)
        socket.setsockopt(zmq.LINGER, 500)
        socket.setsockopt(zmq.RCVHWM, 0)
        socket.connect(start.address)
        try:
            engine = _make_engine(start)
            loop = EngineLoop(engine, start.max_batch, socket, beat)
        except BaseException as error:
            reason = f"{type(error).__name__}: {error}"
            socket.send(encode([NotReady(reason)]))
            return
        beat[0] = time.monotonic()
        socket.send(encode([Ready(engine.name, engine.context, engine.pace_ms)]))
        loop.run()


def _make_engine(start: Start) -> Engine:
    if start.factory is not None:
        return start.factory(**start.options)
    # Here, in the child alone: the server's own process needs no torch.
    from lab_utils.engine.loading import load_engine

    return load_engine(**start.options)


def _end_with(parent: Connection) -> None:
    try:
        parent.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)


class EngineLoop:
    """Reads messages between the driver's steps, and sends what each step made."""

    def __init__(
        self, engine: Engine, max_batch: int, socket: "zmq.Socket[bytes]", beat: Any
    ) -> None:
        self._engine = engine
        self._driver = Driver[int](engine.scheduler(max_batch))
        self._socket = socket
        self._beat = beat
        self._said: list[ToServer] = []
        self._preparing: set[int] = set()  # becoming tokens; who leaves is taken out
        self._prepared: queue.SimpleQueue[tuple[Submit, Request | Exception]] = (
            queue.SimpleQueue()
        )
        self._tokenizer = ThreadPoolExecutor(1, "lab-tokenizer")

    def run(self) -> None:
        """Serve until `Stop`."""
        while self._read_messages():
            self._take_prepared()
            self._said += [Started(id) for id in self._driver.admit()]
            self._send()  # before the step, which may take long
            self._step()
            self._send()

    def _send(self) -> None:
        if self._said:
            self._socket.send(encode(self._said))
            self._said = []

    def _read_messages(self) -> bool:
        """Handle what has come, waiting only when there is nothing else to do."""
        wait = PREPARING_MS if self._preparing or self._driver else IDLE_MS
        if not self._driver.idle:
            wait = 0
        self._beat[0] = time.monotonic()
        while self._socket.poll(wait):
            wait = 0
            try:
                message = decode_for_engine(self._socket.recv())
            except msgspec.DecodeError:
                continue
            if isinstance(message, Stop):
                return False
            self._handle(message)
        return True

    def _handle(self, message: Submit | Abort | Read) -> None:
        match message:
            case Submit():
                self._preparing.add(message.id)
                self._tokenizer.submit(self._prepare, message)
            case Abort():
                self._preparing.discard(message.id)
                if self._driver.abort(message.id):
                    self._said.append(Gone(message.id))
            case Read():
                self._driver.widen(message.id, message.tokens)

    def _prepare(self, message: Submit) -> None:
        # In a thread of its own: a prompt of a megabyte would stop every stream.
        try:
            request = self._engine.prepare(message.prompt, message.params)
            self._prepared.put((message, request))
        except Exception as error:
            self._prepared.put((message, error))

    def _take_prepared(self) -> None:
        while not self._prepared.empty():
            message, result = self._prepared.get()
            if message.id not in self._preparing:
                continue
            self._preparing.discard(message.id)
            if isinstance(result, Request):
                self._driver.add(message.id, result, message.window, message.turn)
            self._said.append(_check(message.id, result))

    def _step(self) -> None:
        if self._driver.idle:
            return
        started = time.monotonic()
        made = self._driver.step()
        self._beat[1] = max(self._beat[1], time.monotonic() - started)
        self._said += [_output(id, item) for id, item in made]


def _check(id: int, result: Request | Exception) -> ToServer:
    if isinstance(result, InvalidRequest):
        return Refused(id, str(result), result.param, result.code)
    if isinstance(result, Exception):
        return Failed.of(id, result)
    return Prepared(id, len(result.prompt_ids))


def _output(id: int, item: Token | Exception) -> ToServer:
    if isinstance(item, Exception):
        return Failed.of(id, item)
    return Made(id, item)
