"""llama.cpp's own server, which the package `xllamacpp` runs inside of a process.

It reads GGUF, so the checkpoint is written to a temporary file in that format first.
"""

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from lab_utils.engine.loading import ONE_THREAD_BELOW
from lab_utils.model.loading import load_model
from lab_utils.peers.gguf import write_gguf
from lab_utils.peers.process import Server
from lab_utils.server.serving import ServerError

SLOTS = 8
ERRORS_ONLY = 1
"""How much llama.cpp writes to the terminal."""
LOOK_S = 0.2


def server(model: str) -> Server:
    """llama.cpp's server for `model`, as a process of its own."""
    command = (sys.executable, "-m", "lab_utils", "peer", "llama.cpp", "--port", "0",
               "--model", model)
    return Server("llama.cpp", command, model, counts_slots=False)


def run(model: str, port: int, say: Callable[[str], None] = print) -> None:
    """Serve `model` (see `load_engine`) in float32 until Ctrl-C or SIGTERM; says the
    address once it answers. port: 0 takes a free one.

    Call it in the main thread. Raises `ServerError` if it is not installed or does not
    start, and `ValueError` for a model that cannot be written as GGUF.
    """
    library = _library()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        params = _params(library, model, Path(folder) / "model.gguf")
        params.port = port
        try:
            running = library.Server(params)
        except RuntimeError as error:
            raise ServerError(
                f"llama.cpp's server did not start on port {port}: {error} Its own "
                "lines above say why; is the port taken?"
            ) from error
        say(f"{model} answers at {running.listening_address} (llama.cpp, API under "
            "/v1, Ctrl-C stops it)")
        while not stopped.wait(LOOK_S):  # without an end, Windows could not interrupt
            pass
        del running  # ends its threads


def _library() -> ModuleType:
    try:
        import xllamacpp
    except ImportError as error:
        raise ServerError(
            "llama.cpp's server is not installed: run `pip install xllamacpp`."
        ) from error
    return xllamacpp  # type: ignore[no-any-return]


def _params(library: ModuleType, model: str, file: Path) -> Any:
    """Write `model` to `file` and say how it is to be served: as by us, on the CPU."""
    network, tokenizer = load_model(model, "float32")
    write_gguf(network, tokenizer, file)
    small = network.num_parameters() < ONE_THREAD_BELOW
    params = library.CommonParams()
    params.model.path = str(file)
    params.model_alias = {model}
    params.hostnames = ["127.0.0.1"]
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * network.config.max_position_embeddings
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = 1 if small else os.cpu_count() or 1
    params.cpuparams_batch.n_threads = params.cpuparams.n_threads
    params.sampling.ignore_eos = model.startswith("random:")
    params.verbosity = ERRORS_ONLY
    params.ui = False
    return params
