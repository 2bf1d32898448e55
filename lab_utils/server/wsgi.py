"""A WSGI server with a fixed number of threads, to see what WSGI does to streams.

Flask's own server makes a thread per request, without a limit; production servers
(gunicorn, waitress) have a pool. This one has a pool of any size: with one thread it
shows the blocking server of Part 1, with four it shows that four open streams are the
limit.
"""

import queue
import socket
import threading
from collections.abc import Callable
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler

POLL_S = 0.02


class _QuietHandler(WSGIRequestHandler):
    # HTTP/1.1 sends a stream in chunks, as uvicorn does; 1.0 could only close.
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: in a notebook the lines would land in other cells."""


class ThreadedWSGIServer(BaseWSGIServer):
    """Serves a WSGI `app` on `sock` with `threads` threads."""

    daemon_threads = True

    def __init__(
        self, app: Callable[..., Any], sock: socket.socket, threads: int
    ) -> None:
        if threads < 1:
            raise ValueError(f"expected at least 1 thread; got {threads}.")
        host, port = sock.getsockname()[:2]
        super().__init__(host, port, app, _QuietHandler, fd=sock.fileno())
        self.started = False
        self.should_exit = False
        self.force_exit = False
        self._connections: queue.SimpleQueue[tuple[Any, Any] | None] = (
            queue.SimpleQueue()
        )
        self._open: set[socket.socket] = set()
        self._workers = [
            threading.Thread(
                target=self._work, name=f"lab-wsgi-{port}-{n}", daemon=True
            )
            for n in range(threads)
        ]

    def run(self) -> None:
        """Accept connections until `should_exit`, then close what is open."""
        for worker in self._workers:
            worker.start()
        self.timeout = POLL_S
        self.started = True
        while not self.should_exit:
            self.handle_request()
        self.server_close()
        for _ in self._workers:
            self._connections.put(None)
        # Whoever writes to a closed connection stops; a worker that computes without
        # writing ends when its answer is done.
        for connection in list(self._open):
            self.shutdown_request(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Queue a connection for the next free thread."""
        self._open.add(request)
        self._connections.put((request, client_address))

    def _work(self) -> None:
        while (connection := self._connections.get()) is not None:
            request, address = connection
            try:
                self.finish_request(request, address)
            except Exception:
                if not self.should_exit:
                    self.handle_error(request, address)
            finally:
                self._open.discard(request)
                self.shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that left; werkzeug has logged everything else."""
