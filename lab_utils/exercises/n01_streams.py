"""The server of exercise 1.4: it counts its open streams, which do not end."""

import threading
from collections.abc import Iterator
from time import sleep

from flask import Flask, Response


class Streams:
    """How many streams of a server are open, and were at most."""

    def __init__(self) -> None:
        self.open = 0
        self.most = 0
        self._lock = threading.Lock()

    def app(self) -> Flask:
        """A Flask app whose streams do not end."""
        app = Flask("streams")
        app.add_url_rule("/health", "health", lambda: "ok")
        app.add_url_rule("/stream", "stream", lambda: Response(self._stream()))
        return app

    def _stream(self) -> Iterator[bytes]:
        with self._lock:
            self.open += 1
            self.most = max(self.most, self.open)
        try:
            while True:
                yield b"token\n"
                sleep(0.02)
        finally:
            with self._lock:
                self.open -= 1
