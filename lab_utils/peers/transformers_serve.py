"""`transformers serve`, in both of its modes; part of the extra `peers`."""

import sys
from importlib.util import find_spec
from pathlib import Path

from lab_utils.peers.checkpoint import free_port
from lab_utils.peers.process import Server
from lab_utils.server.serving import ServerError

MODES = {"hf serve": (), "hf batching": ("--continuous-batching",)}


def servers(folder: Path, dtype: str) -> list[Server]:
    """One server for each mode, on the checkpoint in `folder`."""
    return [server(folder, dtype, free_port(), name) for name in MODES]


def server(folder: Path, dtype: str, port: int, name: str = "hf batching") -> Server:
    """`transformers serve` on `port`; name: one of `MODES`.

    Raises `ServerError` if what it needs besides is not installed.
    """
    if find_spec("accelerate") is None:
        raise ServerError(
            "transformers serve needs the package accelerate, which is not installed: "
            "run `make peers`, or pip install -e '.[peers]'."
        )
    command = (str(Path(sys.executable).parent / "transformers"), "serve", str(folder),
               *MODES[name], "--device", "cpu", "--dtype", dtype, "--port", str(port))
    return Server(name, command, str(folder), False, f"http://127.0.0.1:{port}")
