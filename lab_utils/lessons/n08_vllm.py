"""vLLM's run beside ours, recorded: `python -m lab_utils.lessons.n08_vllm`.

It needs `make peers`, 8 GB of memory and some minutes, which is why lesson 08 shows the
recording and not the servers.
"""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab_utils.bench.servers import ours
from lab_utils.bench.streams import read
from lab_utils.peers import vllm
from lab_utils.peers.checkpoint import export, free_port
from lab_utils.peers.process import Started, started
from lab_utils.recording import Recording
from lab_utils.timeline import Timeline, save

MODEL, DTYPE = "random:tinyllama-1.1b", "bfloat16"
PROMPT = "Tell me a story."
READERS = 8
TOKENS = 60
FILE = Path(__file__).parents[2] / "notebooks/recordings/vllm-and-ours.json"


def main() -> None:
    """Record both, one after the other, and write the file that the lesson shows."""
    runs = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        export(MODEL, DTYPE, folder)
        mine, _ = ours(MODEL, DTYPE, ["process"])
        for label, server in (("ours", mine),
                              ("vLLM", vllm.server(folder, DTYPE, free_port()))):
            with started(server) as up:
                runs.append(_record(up, label))
    save(runs, FILE)


def _record(up: Started, label: str) -> Timeline:
    """One of eight readers, and the pings meanwhile; before, one to warm up."""
    model = up.server.model
    url = up.url if model is None else f"{up.url}/v1"
    read(up.url, PROMPT, TOKENS, READERS, model)
    with ThreadPoolExecutor(1) as pool:
        others = pool.submit(read, up.url, PROMPT, TOKENS, READERS - 1, model)
        run = Recording(url, PROMPT, label=label, model=model, max_tokens=TOKENS,
                        temperature=0).start().join()
        others.result()
    return run


if __name__ == "__main__":
    main()
