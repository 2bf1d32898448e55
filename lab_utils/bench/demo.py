"""The tutorial's result in a minute: stream an answer, then measure its four rows."""

import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from lab_utils.address import Address
from lab_utils.baselines import create_flask_app
from lab_utils.bench.table import text_table
from lab_utils.client import LabClient
from lab_utils.engine import Engine
from lab_utils.engine.loading import load_engine
from lab_utils.recording import record
from lab_utils.server import BackgroundServer, create_app
from lab_utils.timeline import Timeline

PACE_MS = 40
SEED = 1
LEAVE_AFTER_TOKENS = 5
SETTLE_S = 0.3


@dataclass(frozen=True, slots=True)
class Case:
    """One column of the table: a way to serve, and how the client asks."""

    label: str
    make_app: Callable[[Engine], Any]
    stream: bool


CASES = (
    Case("Flask, one thread", create_flask_app, False),
    Case("FastAPI, JSON", create_app, False),
    Case("FastAPI, streaming", create_app, True),
)


def run(prompt: str, max_tokens: int) -> int:
    """Print a streamed answer and the table; returns the exit status."""
    engine = load_engine("tutor", pace_ms=PACE_MS)
    print(f"model {engine.name}, paced: a step lasts at least {engine.pace_ms:g} ms\n")
    _stream_one(engine, prompt, max_tokens)
    print("\nThe same request to three servers, /health pinged every 50 ms:\n")
    columns = [measure(engine, case, prompt, max_tokens) for case in CASES]
    print(table(columns))
    return 0


def _stream_one(engine: Engine, prompt: str, max_tokens: int) -> None:
    print(f"> {prompt}")

    def show(piece: str) -> None:
        sys.stdout.write(piece)
        sys.stdout.flush()

    with BackgroundServer(create_app(engine)) as server:
        timeline = record(
            server.url, prompt, max_tokens=max_tokens, seed=SEED, on_token=show
        )
    rate = timeline.tokens_per_second
    print(f"\n\n{len(timeline.arrivals)} tokens, the first after "
          f"{timeline.ttft_ms:.0f} ms, then {rate or 0:.1f} per second")


def measure(
    engine: Engine, case: Case, prompt: str, max_tokens: int
) -> tuple[Timeline, int]:
    """The whole request as a timeline, and how many tokens were made for nobody after
    another reader of the same server had left early."""
    with BackgroundServer(case.make_app(engine)) as server:
        timeline = record(
            server.url, prompt, label=case.label, stream=case.stream,
            max_tokens=max_tokens, seed=SEED,
        )
        wasted = _tokens_nobody_read(engine, server.url, case.stream, timeline, prompt)
    return timeline, wasted


def _tokens_nobody_read(
    engine: Engine, url: str, stream: bool, whole: Timeline, prompt: str
) -> int:
    """Ask again, leave early, and count what the engine goes on to make."""
    count = len(whole.arrivals)
    body: dict[str, Any] = {
        "prompt": prompt, "max_tokens": count, "seed": SEED, "stream": stream
    }
    if stream:
        with LabClient(url) as client:
            tokens = client.stream(**body)
            for _ in zip(range(LEAVE_AFTER_TOKENS), tokens, strict=False):
                pass
            tokens.close()
    else:
        patience = (whole.ended or 0) * LEAVE_AFTER_TOKENS / max(count, 1)
        with contextlib.suppress(httpx.TimeoutException):
            httpx.post(
                f"{url}/generate", json=body, timeout=patience, trust_env=False,
                headers=Address(url).headers,
            )
    made_before = engine.made
    _wait_until_idle(engine)
    return engine.made - made_before


def _wait_until_idle(engine: Engine) -> None:
    made = -1
    while made != engine.made:
        made = engine.made
        time.sleep(SETTLE_S + 2 * engine.pace_ms / 1e3)


def table(columns: list[tuple[Timeline, int]]) -> str:
    """The tutorial's four rows, one column per server."""
    rows = [["", *(timeline.label for timeline, _ in columns)]]
    rows.append(["Time to first visible token",
                 *(f"{timeline.ttft_ms or 0:.0f} ms" for timeline, _ in columns)])
    rows.append(["Total generation time",
                 *(f"{1e3 * (timeline.ended or 0):.0f} ms" for timeline, _ in columns)])
    rows.append(["Slowest /health meanwhile",
                 *(f"{timeline.slowest_ping_ms or 0:.0f} ms"
                   for timeline, _ in columns)])
    rows.append(["Tokens made after the client left",
                 *(f"{wasted} of {len(timeline.arrivals)}"
                   for timeline, wasted in columns)])
    return text_table(rows)
