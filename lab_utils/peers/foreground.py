"""A real server on a copy of our weights, run until somebody stops it."""

import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lab_utils.peers import transformers_serve, vllm
from lab_utils.peers.checkpoint import export, free_port
from lab_utils.peers.process import Server, started
from lab_utils.server.serving import ServerError

LOOK_S = 0.2
Maker = Callable[[Path, str, int], Server]
"""From a folder with weights, a dtype and a port."""

MAKERS: dict[str, Maker] = {
    "transformers": transformers_serve.server, "vllm": vllm.server,
}


def run(
    name: str, model: str, dtype: str, port: int, say: Callable[[str], None] = print
) -> None:
    """Serve `model` (see `load_engine`) with one of `MAKERS` until Ctrl-C or SIGTERM,
    which both raise `KeyboardInterrupt` here; says the address once it answers. port: 0
    takes a free one.

    Call it in the main thread. Raises `ServerError` if it is not installed, does not
    start, or ends by itself.
    """
    # A start takes a minute: whoever stops it then must not leave it behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="lab-") as temporary:
        folder = Path(temporary)
        server = MAKERS[name](folder, dtype, port or free_port())
        export(model, dtype, folder)
        with started(server) as up:
            say(f"{model} answers at {up.url} ({name}, API under /v1, there called "
                f"{server.model}; Ctrl-C stops it)")
            while up.process is not None and up.process.poll() is None:
                time.sleep(LOOK_S)
            raise ServerError(f"{name} has ended by itself.")
