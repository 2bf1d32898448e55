"""`transformers serve`, in both of its modes; part of the extra `peers`."""

import socket
import sys
from pathlib import Path

from lab_utils.model.loading import load_model
from lab_utils.peers.process import Server

MODES = {"hf serve": (), "hf batching": ("--continuous-batching",)}


def servers(folder: Path, dtype: str) -> list[Server]:
    """One server for each mode, on the checkpoint in `folder`."""
    return [_server(name, options, folder, dtype) for name, options in MODES.items()]


def _server(
    name: str, options: tuple[str, ...], folder: Path, dtype: str
) -> Server:
    with socket.create_server(("127.0.0.1", 0)) as free:  # it prints no address
        port = free.getsockname()[1]
    command = (str(Path(sys.executable).parent / "transformers"), "serve", str(folder),
               *options, "--device", "cpu", "--dtype", dtype, "--port", str(port))
    return Server(name, command, str(folder), False, f"http://127.0.0.1:{port}")


def export(model: str, dtype: str, folder: Path) -> None:
    """Write `model` where another server can load it; random weights without an end
    token, as they are timed here."""
    network, tokenizer = load_model(model, dtype)  # type: ignore[arg-type]
    if model.startswith("random:"):
        network.generation_config.eos_token_id = network.config.eos_token_id = None
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
