"""uvicorn with the settings that this project needs everywhere, on a socket of ours.

The command line serves with it in the main thread, `BackgroundServer` in another one.
"""

import errno
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

GRACE_S = 1

App = Callable[..., Any]


class ServerError(RuntimeError):
    """A server that could not start, or that ended by itself."""


class LabServer(uvicorn.Server):
    """uvicorn, but it says when it answers, and when it stops a runner ends its streams
    first, each with a clear last event."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the app and listen."""
        await super().startup(sockets)
        if self.started:
            self._on_started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop at the first signal; a second one would cut the clean stop short, and
        that ends within two seconds anyway."""
        if not self.should_exit:
            super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams of the app's runner, then whatever is still connected."""
        self.stop_runner()
        await super().shutdown(sockets)
        # A connection whose client does not read never finishes closing by itself.
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to stop."""
        try:
            await super().serve(sockets)
        finally:
            self.stop_runner()  # also when it failed, and the lifespan did not end

    def stop_runner(self) -> None:
        """End the runner's streams with an error."""
        state = getattr(self.config.app, "state", None)
        runner = getattr(state, "runner", None)
        if runner is not None:
            runner.stop(timeout=0)  # does not wait; the end of the lifespan does


def make_server(app: App, on_started: Callable[[], None] = lambda: None) -> LabServer:
    """uvicorn with the settings that this project needs everywhere; `on_started` is
    called once it answers."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        # Without it one open stream would keep the server from ever stopping.
        timeout_graceful_shutdown=GRACE_S,
    )
    return LabServer(config, on_started)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; `ServerError` with what to do if `port` is taken."""
    if not 0 <= port <= 65535:
        raise ServerError(f"expected a port from 0 to 65535; got {port}.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # IPPROTO_TCP is named because asyncio sets TCP_NODELAY only where it sees it; with
    # 0, which is the same to the system, each answer may take 40 ms longer.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(2048)
    except OSError as error:
        sock.close()
        raise ServerError(_why_not(host, port, error)) from error
    return sock


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno != errno.EADDRINUSE:
        return f"could not listen on {host}, port {port}: {error.strerror}."
    advice = "stop the program that has it, or take another port (0 = any free one)"
    if sys.platform == "darwin" and port == 5000:
        advice = (
            "on macOS the AirPlay receiver has it: turn it off in System Settings, "
            "General, AirDrop & Handoff, or take another port, such as 5050"
        )
    return f"port {port} is taken on {host}: {advice}."
