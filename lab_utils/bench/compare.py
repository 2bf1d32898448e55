"""How fast, against what: servers measured side by side, in turns, on one machine.

Each server is a process of its own, all are up at the same time, and the rounds take
turns (A B C, A B C, …), so that a machine that gets slower meanwhile is slower for all.
What is compared is medians over rounds, as ratios; absolute figures belong to one
machine. All of this project's servers get the same weights, dtype and torch threads.
What is measured is defined in `Figures`; beside it stands the bare loop: the engine
alone, with one sequence and with eight, in this process and without a server.
"""

import os
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import date
from importlib import metadata
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch

from lab_utils.bench.figures import Figures
from lab_utils.bench.progress import Progress
from lab_utils.bench.servers import ours, peers, running
from lab_utils.bench.streams import read, tokens_per_s
from lab_utils.client import LabClient
from lab_utils.engine import Engine
from lab_utils.engine.loading import load_engine
from lab_utils.peers import vllm
from lab_utils.peers.process import Started, started
from lab_utils.pings import pinging
from lab_utils.server.hub import default_key
from lab_utils.tokens import SamplingParams

PROMPT = "Tell me a story."
STREAMS = 8
PING_EVERY_S = 0.02
LOOK_S = 0.005
"""How exactly it is known when a slot is free."""
PACKAGES = ("torch", "transformers", "fastapi", "uvicorn", "xllamacpp")


def run(
    model: str, dtype: str, runners: list[str], tokens: int, rounds: int,
    beside: list[str] | None = None, url: str | None = None,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Measure everything; returns the summaries and says what it does meanwhile.

    beside: which real servers are measured, too. url: of one more that runs already.
    """
    default_key()  # on a Hub: of all the servers that are started here
    say(f"model {model}, {tokens} tokens, {rounds} rounds, {os.cpu_count()} cores")
    bare, about = bare_loop(model, dtype, tokens, rounds)
    dtype = about["weights"]
    say(f"bare loop: {bare['one']:.1f} tokens/s, {STREAMS} sequences "
        f"{bare['eight']:.1f}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = ours(model, dtype, runners)
        servers += peers(beside or [], model, dtype, folder)
        servers += [] if url is None else [running(url)]
        up = []
        for server in servers:
            up.append(stack.enter_context(started(server)))
            say(f"{server.name} is up at {up[-1].url}")
        figures = _rounds(up, tokens, rounds)
    summaries = {name: measured.summary() for name, measured in figures.items()}
    return {"model": model, "dtype": dtype, "tokens": tokens, "rounds": rounds,
            "threads": about["threads"], "machine": machine(), "engine": bare,
            "servers": summaries}


def bare_loop(
    model: str, dtype: str, tokens: int, rounds: int
) -> tuple[dict[str, float], dict[str, Any]]:
    """Tokens per second of the engine alone after its first, with one sequence and with
    eight (medians); and what the engine is."""
    engine = load_engine(model, dtype=dtype)  # type: ignore[arg-type]
    found = [[_rate(engine, count, tokens) for count in (1, STREAMS)]
             for _ in range(rounds + 1)]
    one, eight = (median(each) for each in zip(*found[1:], strict=True))
    return {"one": one, "eight": eight}, {
        "weights": engine.dtype, "threads": torch.get_num_threads()}


def _rate(engine: Engine, count: int, tokens: int) -> float:
    params = SamplingParams(max_tokens=tokens, temperature=0)
    scheduler = engine.scheduler(STREAMS)
    for _ in range(count):
        scheduler.add(engine.prepare(PROMPT, params))
    made, began = len(scheduler.step()), perf_counter()
    while scheduler.running:
        made += len(scheduler.step())
    return (made - 1) / (perf_counter() - began)


def machine() -> dict[str, Any]:
    """What the figures belong to: processor, cores, system, versions, day."""
    flags = Path("/proc/cpuinfo")
    lines = flags.read_text(errors="replace").splitlines() if flags.exists() else []
    names = [line.partition(":")[2].strip() for line in lines
             if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(), "system": platform.platform(terse=True),
        "python": platform.python_version(), "date": date.today().isoformat(),
        "versions": {name: version for name, version in (
            *((name, _version(name)) for name in PACKAGES), ("vllm", vllm.version()),
        ) if version},
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _rounds(up: Sequence[Started], tokens: int, rounds: int) -> dict[str, Figures]:
    figures = {each.server.name: Figures(ready_s=each.ready_s) for each in up}
    progress = Progress((rounds + 1) * len(up))
    for number in range(rounds + 1):  # round 0 warms up and is not counted
        for each in up:
            name = each.server.name
            progress.step(f"{name}, round {number} of {rounds}" if number
                          else f"{name}, warming up")
            measured = Figures() if number == 0 else figures[name]
            measure(each, measured, tokens)
            figures[name].memory_mib = _most(figures[name].memory_mib,
                                             each.memory_mib())
    progress.end()
    return figures


def _most(known: float | None, seen: float | None) -> float | None:
    return max((each for each in (known, seen) if each is not None), default=None)


def measure(up: Started, figures: Figures, tokens: int) -> None:
    """One round with a server."""
    url, model = up.url, up.server.model
    with pinging(url, PING_EVERY_S) as timeline:
        time.sleep(0.5)
    figures.idle_ms += timeline.waits_ms
    alone = read(url, PROMPT, tokens, 1, model)
    figures.one.append(tokens_per_s(alone))
    figures.first_ms += [stream.first_ms for stream in alone]
    with pinging(url, PING_EVERY_S) as timeline:
        together = read(url, PROMPT, tokens, STREAMS, model)
    figures.eight.append(tokens_per_s(together))
    figures.first_of_eight_ms += [stream.first_ms for stream in together]
    figures.health_ms += timeline.waits_ms
    if up.server.counts_slots:
        figures.freed_ms.append(_freed_ms(url))


def _freed_ms(url: str) -> float:
    """Leave a stream after its third token; how long until no slot is taken."""
    with LabClient(url) as client:
        stream = client.stream(PROMPT, max_tokens=100, temperature=0)
        for _ in range(3):
            next(stream)
        stream.close()
        left = perf_counter()
        while client.health()["running"]:
            # Who asks without a pause takes a core from the step it waits for, which
            # then takes two to four times as long.
            time.sleep(LOOK_S)
        return 1e3 * (perf_counter() - left)
