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

from lab_utils.engine import Engine, InvalidRequest, Request, Token
from lab_utils.engine.scheduler import Scheduler, Sequence
from lab_utils.runners.messages import (
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

IDLE_MS = 200
PREPARING_MS = 2


@dataclass(frozen=True, slots=True)
class Start:
    """How the child is to start: where to connect, under which name, with what engine.

    factory: importable; called with `options`, it returns the engine. identity: the
    per-start secret by which the parent knows the child.
    """

    address: str
    identity: bytes
    factory: Callable[..., Engine]
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
            engine = start.factory(**start.options)
            scheduler = engine.scheduler(start.max_batch)
        except BaseException as error:
            reason = f"{type(error).__name__}: {error}"
            socket.send(encode([NotReady(reason)]))
            return
        beat[0] = time.monotonic()
        socket.send(encode([Ready(engine.name, engine.context, engine.pace_ms)]))
        EngineLoop(engine, scheduler, socket, beat).run()


def _end_with(parent: Connection) -> None:
    try:
        parent.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)


class EngineLoop:
    """Reads messages between a scheduler's steps, and sends what each step made."""

    def __init__(
        self, engine: Engine, scheduler: Scheduler, socket: "zmq.Socket[bytes]",
        beat: Any,
    ) -> None:
        self._engine = engine
        self._scheduler = scheduler
        self._socket = socket
        self._beat = beat
        self._sequences: dict[int, Sequence] = {}
        self._ids: dict[Sequence, int] = {}
        self._windows: dict[int, int] = {}  # how many more tokens may be made
        self._gone: set[int] = set()
        self._said: list[ToServer] = []
        self._preparing = 0
        self._prepared: queue.SimpleQueue[tuple[int, Request | Exception]] = (
            queue.SimpleQueue()
        )
        self._tokenizer = ThreadPoolExecutor(1, "tokenizer")

    def run(self) -> None:
        """Serve until `Stop`."""
        while self._read_messages():
            self._take_prepared()
            self._admit()
            self._send()  # before the step, which may take long
            self._step()
            self._send()

    def _send(self) -> None:
        if self._said:
            self._socket.send(encode(self._said))
            self._said = []

    def _read_messages(self) -> bool:
        """Handle what has come, waiting only when there is nothing else to do."""
        wait = PREPARING_MS if self._preparing or self._ids else IDLE_MS
        if not self._scheduler.idle:
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
        if isinstance(message, Submit):
            self._preparing += 1
            self._windows[message.id] = message.window
            self._tokenizer.submit(self._prepare, message)
        elif isinstance(message, Abort):
            self._abort(message.id)
        elif message.id in self._sequences:
            self._widen(message.id, message.tokens)

    def _widen(self, id: int, tokens: int) -> None:
        self._windows[id] += tokens
        self._sequences[id].held = self._windows[id] <= 0

    def _abort(self, id: int) -> None:
        sequence = self._sequences.get(id)
        if sequence is None:
            self._gone.add(id)  # perhaps it is still becoming tokens
        else:
            self._scheduler.abort(sequence)
            self._forget(sequence)
            self._said.append(Gone(id))

    def _forget(self, sequence: Sequence) -> None:
        id = self._ids.pop(sequence)
        del self._sequences[id], self._windows[id]

    def _prepare(self, message: Submit) -> None:
        # In a thread of its own: a prompt of a megabyte would stop every stream.
        try:
            request = self._engine.prepare(message.prompt, message.params())
            self._prepared.put((message.id, request))
        except Exception as error:
            self._prepared.put((message.id, error))

    def _take_prepared(self) -> None:
        while not self._prepared.empty():
            id, result = self._prepared.get()
            self._preparing -= 1
            if isinstance(result, Request) and id not in self._gone:
                self._sequences[id] = self._scheduler.add(result)
                self._ids[self._sequences[id]] = id
            else:
                del self._windows[id]
            self._said.append(_check(id, result))
        if not self._preparing:
            self._gone.clear()

    def _admit(self) -> None:
        waited = list(self._scheduler.waiting)
        self._scheduler.admit()
        self._said += [
            Started(self._ids[seq]) for seq in waited if seq.slot is not None
        ]

    def _step(self) -> None:
        if self._scheduler.idle:
            return
        started = time.monotonic()
        outputs = self._scheduler.step()
        self._beat[1] = max(self._beat[1], time.monotonic() - started)
        for sequence, item in outputs:
            id = self._ids[sequence]
            self._said.append(_output(id, item))
            if sequence.ended:
                self._forget(sequence)
            else:
                self._widen(id, -1)


def _check(id: int, result: Request | Exception) -> ToServer:
    if isinstance(result, InvalidRequest):
        return Refused(id, str(result), result.param, result.code)
    if isinstance(result, Exception):
        return Failed(id, repr(result))
    return Prepared(id, len(result.prompt_ids))


def _output(id: int, item: Token | Exception) -> ToServer:
    if isinstance(item, Exception):
        return Failed(id, repr(item))
    return Made(
        id, item.text, item.token_id, item.step_ms, item.is_first, item.finish_reason
    )
