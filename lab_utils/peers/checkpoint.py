"""Our weights as a checkpoint that other servers can load."""

import socket
from pathlib import Path

from lab_utils.model.loading import load_model


def export(model: str, dtype: str, folder: Path) -> None:
    """Write `model` (see `load_engine`) into `folder`; random weights without an end
    token, as they are timed here."""
    network, tokenizer = load_model(model, dtype)  # type: ignore[arg-type]
    if model.startswith("random:"):
        network.generation_config.eos_token_id = network.config.eos_token_id = None
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def free_port() -> int:
    """A port that is free now, for a server that must be told one."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
