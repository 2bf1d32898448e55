"""How fast, against what: servers measured side by side, in turns, on one machine.

Each server is a process of its own, all are up at the same time, and the rounds take
turns (A B C, A B C, …), so that a machine that gets slower meanwhile is slower for all.
What is compared is medians over rounds, as ratios; absolute figures belong to one
machine. All of this project's servers get the same weights, dtype and torch threads.

- engine: tokens per second of the bare loop, no server, measured in this process;
- one: tokens per second after the first token, one stream;
- eight: tokens of all streams together per second, first to last, eight streams;
- health: waits of `/health` pings, sent on a schedule while the eight run;
- idle: the same while nothing runs;
- freed: milliseconds from a client's leaving to `/health` saying that no slot is taken.
"""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import httpx

from lab_utils import sse
from lab_utils.address import Address
from lab_utils.bench.servers import ours, peers, running
from lab_utils.bench.table import text_table
from lab_utils.client import LabClient
from lab_utils.engine.loading import load_engine
from lab_utils.peers.process import Server, started
from lab_utils.pings import pinging
from lab_utils.server.hub import default_key
from lab_utils.timeline import percentile
from lab_utils.tokens import SamplingParams

PROMPT = "Tell me a story."
STREAMS = 8
PING_EVERY_S = 0.02


@dataclass(slots=True)
class Figures:
    """What was measured of one server; one entry per round, pings all together."""

    one: list[float] = field(default_factory=list)
    eight: list[float] = field(default_factory=list)
    freed_ms: list[float] = field(default_factory=list)
    health_ms: list[float] = field(default_factory=list)
    idle_ms: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, float | None]:
        """Medians over rounds; percentiles over all pings."""
        return {
            "one": _median(self.one),
            "eight": _median(self.eight),
            "freed_ms": _median(self.freed_ms),
            "health_p50_ms": percentile(self.health_ms, 50),
            "health_p99_ms": percentile(self.health_ms, 99),
            "health_max_ms": percentile(self.health_ms, 100),
            "idle_p99_ms": percentile(self.idle_ms, 99),
        }


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
    bare = bare_loop(model, dtype, tokens, rounds)
    say(f"bare loop: {bare:.1f} tokens/s")
    figures = {}
    with ExitStack() as stack:
        servers, urls = ours(model, dtype, runners), {}
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers += peers(beside or [], model, dtype, folder)
        if url is not None:
            servers.append(running(url))
        for server in servers:
            urls[server] = stack.enter_context(started(server))
            figures[server.name] = Figures()
            say(f"{server.name} is up at {urls[server]}")
        for number in range(rounds + 1):  # round 0 warms up and is not counted
            for server, url in urls.items():
                measured = Figures() if number == 0 else figures[server.name]
                measure(server, url, measured, tokens)
    summaries = {name: measured.summary() for name, measured in figures.items()}
    return {"model": model, "dtype": dtype, "tokens": tokens, "rounds": rounds,
            "engine": bare, "servers": summaries}


def bare_loop(model: str, dtype: str, tokens: int, rounds: int) -> float:
    """Tokens per second of the engine alone, after the first token; median."""
    engine = load_engine(model, dtype=dtype)  # type: ignore[arg-type]
    params = SamplingParams(max_tokens=tokens, temperature=0)
    rates = []
    for _ in range(rounds + 1):
        stamps = [perf_counter() for _ in engine.steps(engine.prepare(PROMPT, params))]
        rates.append((len(stamps) - 1) / (stamps[-1] - stamps[0]))
    return median(rates[1:])


def measure(
    server: Server, url: str, figures: Figures, tokens: int
) -> None:
    """One round with the server at `url`."""
    with pinging(url, PING_EVERY_S) as timeline:
        time.sleep(0.5)
    figures.idle_ms += timeline.waits_ms
    model = server.model
    figures.one.append(asyncio.run(_streams(url, model, 1, tokens)))
    with pinging(url, PING_EVERY_S) as timeline:
        figures.eight.append(asyncio.run(_streams(url, model, STREAMS, tokens)))
    figures.health_ms += timeline.waits_ms
    if server.counts_slots:
        figures.freed_ms.append(_freed_ms(url))


async def _streams(url: str, model: str | None, count: int, tokens: int) -> float:
    """Tokens per second of `count` simultaneous streams, first to last token.

    With a `model`, in OpenAI's format, from the request to the last token: an event
    there may hold several tokens or none, so that the first one cannot be seen.
    """
    body = {"prompt": PROMPT, "max_tokens": tokens, "temperature": 0, "stream": True}
    path, arrivals = "/generate", list[float]()
    if model is not None:
        body |= {"model": model or None, "stream_options": {"include_usage": True}}
        path, arrivals = "/v1/completions", [perf_counter()]
    made: list[int] = []

    async def read(client: httpx.AsyncClient) -> None:
        decoder, events, usage = sse.Decoder(), 0, 0
        async with client.stream("POST", path, json=body) as response:
            response.raise_for_status()
            async for chunk in response.aiter_raw():
                arrivals.append(perf_counter())
                for event in decoder.feed(chunk):
                    events += event.data != sse.DONE
                    if model is not None:
                        usage = _usage(event.data) or usage
        made.append(usage or events)

    async with httpx.AsyncClient(
        base_url=url, headers=Address(url).headers, timeout=None, trust_env=False
    ) as client:
        await asyncio.gather(*(read(client) for _ in range(count)))
    return (sum(made) - 1) / (max(arrivals) - min(arrivals))


def _usage(data: str) -> int:
    usage = None if data == sse.DONE else json.loads(data).get("usage")
    return int(usage["completion_tokens"]) if usage else 0


def _freed_ms(url: str) -> float:
    """Leave a stream after its third token; how long until no slot is taken."""
    with LabClient(url) as client:
        stream = client.stream(PROMPT, max_tokens=100, temperature=0)
        for _ in range(3):
            next(stream)
        stream.close()
        left = perf_counter()
        while client.health()["running"]:
            pass
        return 1e3 * (perf_counter() - left)


def table(result: dict[str, Any]) -> str:
    """The result as a text table, with the ratios that matter."""
    head = ["", "one", "÷ engine", "÷ tutorial", "eight", "÷ tutorial", "health p50",
            "p99", "max", "idle p99", "freed"]
    servers, base = result["servers"], result["servers"]["tutorial"]
    rows = [_row(name, each, base, result["engine"]) for name, each in servers.items()]
    return text_table([head, *rows])


def _row(
    name: str, row: dict[str, Any], base: dict[str, Any], engine: float
) -> list[str]:
    waits = ("health_p50_ms", "health_p99_ms", "health_max_ms", "idle_p99_ms")
    freed = "–" if row["freed_ms"] is None else f"{row['freed_ms']:.0f} ms"
    return [
        name,
        f"{row['one']:.1f}/s", f"{row['one'] / engine:.2f}",
        f"{row['one'] / base['one']:.2f}",
        f"{row['eight']:.1f}/s", f"{row['eight'] / base['eight']:.2f}",
        *(f"{row[wait]:.1f} ms" for wait in waits),
        freed,
    ]


def _median(values: list[float]) -> float | None:
    return median(values) if values else None
