"""A proxy that does to an answer what networks do: delays, slices, cuts, resets."""

import asyncio
import contextlib
import socket
import struct
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

End = Literal["close", "reset", "half-close", "hang"]

CHUNK = 65536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s: close() sends RST
PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Faults:
    """What happens to the bytes of an answer on their way to the client.

    latency_s: so long is every chunk held back. slice_bytes: at most so many go out at
    a time. cut_at: after so many bytes nothing more comes, and the connection ends as
    `end` says: closed, reset, closed in this direction alone, or left open in silence.
    """

    latency_s: float = 0.0
    slice_bytes: int = CHUNK
    cut_at: int | None = None
    end: End = "close"


class FaultProxy:
    """Passes connections on to the server at `url`, from a thread with its own loop.

    `faults` holds for each connection that is opened from then on; `answers` is what
    the server said on each one, in the order in which they were opened. Use it as a
    context manager.
    """

    def __init__(self, url: str, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.answers: list[bytearray] = []
        parts = urlsplit(url)
        self._server = parts.hostname, parts.port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="fault-proxy")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._serving.cancel)
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._serving = self._loop.create_task(self._serve())
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._serving)
        self._loop.close()

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as connections:
            self._connections = connections
            server = await asyncio.start_server(self._accept, sock=self._listener)
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                server.close()

    def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._connections.create_task(self._pass(reader, writer, self.faults))

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, faults: Faults
    ) -> None:
        self.answers.append(seen := bytearray())
        with contextlib.suppress(OSError):
            answer, request = await asyncio.open_connection(*self._server)
            asking = asyncio.create_task(_copy(reader, request))
            try:
                await _spoil(answer, writer, faults, seen)
                await _end(writer, faults, asking)
            finally:
                asking.cancel()
                request.close()
                writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What the client says goes through as it is, its end, too."""
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        writer.close()


async def _spoil(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, faults: Faults,
    seen: bytearray,
) -> None:
    """Hand on what the server says until it ends, or until it is to be cut."""
    writer.get_extra_info("socket").setsockopt(
        socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
    )
    while data := await reader.read(CHUNK):
        await asyncio.sleep(faults.latency_s)
        rest = None if faults.cut_at is None else faults.cut_at - len(seen)
        seen += data
        for start in range(0, len(data[:rest]), faults.slice_bytes):
            writer.write(data[:rest][start : start + faults.slice_bytes])
            await writer.drain()
        if rest is not None and rest <= len(data):
            return


async def _end(
    writer: asyncio.StreamWriter, faults: Faults, asking: "asyncio.Task[None]"
) -> None:
    """End the client's connection in the way that was asked for."""
    if faults.end == "reset":
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        writer.transport.abort()
    elif faults.end == "half-close":
        writer.write_eof()
        await asking  # what the client still says is heard
    elif faults.end == "hang":
        await asking
