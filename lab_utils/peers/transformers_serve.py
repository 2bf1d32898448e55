"""`transformers serve`, in both of its modes; part of the extra `peers`."""

import sys
from pathlib import Path

from lab_utils.peers.checkpoint import free_port
from lab_utils.peers.process import Server

MODES = {"hf serve": (), "hf batching": ("--continuous-batching",)}


def servers(folder: Path, dtype: str) -> list[Server]:
    """One server for each mode, on the checkpoint in `folder`."""
    return [server(folder, dtype, free_port(), name) for name in MODES]


def server(folder: Path, dtype: str, port: int, name: str = "hf batching") -> Server:
    """`transformers serve` on `port`; name: one of `MODES`."""
    command = (str(Path(sys.executable).parent / "transformers"), "serve", str(folder),
               *MODES[name], "--device", "cpu", "--dtype", dtype, "--port", str(port))
    return Server(name, command, str(folder), False, f"http://127.0.0.1:{port}")
