"""The servers that `bench` compares: ours, a tutorial's, and real ones beside them."""

import sys
from pathlib import Path

from lab_utils.peers import llama_cpp, transformers_serve, vllm
from lab_utils.peers.checkpoint import export, free_port
from lab_utils.peers.process import Server

PEERS = ("llama.cpp", "transformers", "vllm")


def ours(model: str, dtype: str, runners: list[str]) -> list[Server]:
    """The chosen runners of this project, and the tutorial's server."""
    python = (sys.executable, "-m")
    ours = [
        Server(kind, (*python, "lab_utils", "serve", "--port", "0", "--model",
                          model, "--dtype", dtype, "--runner", kind))
        for kind in runners
    ]
    tutorial = (*python, "lab_utils.baselines.tutorial_server", "--port", "0",
                "--model", model, "--dtype", dtype)
    return [*ours, Server("tutorial", tutorial, counts_slots=False)]


def peers(names: list[str], model: str, dtype: str, folder: Path) -> list[Server]:
    """The real servers `names`, on the same weights; `folder` is for copies of them."""
    made = []
    if "llama.cpp" in names:
        if dtype == "bfloat16":
            raise ValueError(
                "llama.cpp is measured in float32, since its package has no bfloat16 "
                "kernels; got bfloat16. Leave it out of --peers or change --dtype."
            )
        made.append(llama_cpp.server(model))
    if "transformers" in names:
        made += transformers_serve.servers(folder, dtype)
    if "vllm" in names:
        made.append(vllm.server(folder, dtype, free_port()))
    if {"transformers", "vllm"} & set(names):
        export(model, dtype, folder)
    return made


def running(url: str) -> Server:
    """A server that somebody else has started; one under /v1 speaks OpenAI's format."""
    root = url.rstrip("/").removesuffix("/v1")
    return Server(url, (), None if root == url.rstrip("/") else "", False, root)
