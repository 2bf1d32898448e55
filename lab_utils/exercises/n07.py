"""Exercises for notebook 07: pings, ratios, and what changes what."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any

from lab_utils.exercises.exercise import Exercise, Wrong
from lab_utils.lessons.n07_checks import CASES, CLOSE, RIGHT, FairRatio, Machine

Get = Callable[[], Awaitable[Any]]
Ping = Callable[[Get, float, float], Awaitable[list[float]]]
Predict = Callable[[], dict[tuple[str, str], str]]

EVERY_S, SECONDS = 0.02, 0.9
STALL_S = (0.3, 0.6)
SLOW_S = 0.06


def _stalled(ping: Ping) -> list[float]:
    """The waits at a server that stands still in the middle third."""

    async def measure() -> list[float]:
        began = perf_counter()

        async def get() -> None:
            now = perf_counter() - began
            begin, end = STALL_S
            await asyncio.sleep(end - now if begin <= now < end else 0.001)

        return list(await ping(get, EVERY_S, SECONDS))

    return asyncio.run(measure())


def _sees_the_stall(ping: Ping) -> None:
    waits = _stalled(ping)
    slow = sum(wait > SLOW_S for wait in waits)
    due = (STALL_S[1] - STALL_S[0]) / SECONDS
    if not waits or slow < due * len(waits) / 2:
        raise Wrong(f"The server stood still for a third of the time; {slow} of your "
                    f"{len(waits)} samples are slow. Whoever waits for each answer "
                    "sends nothing meanwhile: send on a schedule. See 7.4.")


def _sends_all(ping: Ping) -> None:
    waits = _stalled(ping)
    due = SECONDS / EVERY_S
    if len(waits) < due * 2 / 3:
        raise Wrong(f"{len(waits)} samples; one every {1e3 * EVERY_S:.0f} ms for "
                    f"{SECONDS:g} s makes {due:.0f}. Also those that wait belong into "
                    "the list: they are the worst. See 7.4.")


def _dead_server(ping: Ping) -> None:
    async def measure() -> list[float] | None:
        async def never() -> None:
            await asyncio.Event().wait()

        try:
            async with asyncio.timeout(5 * SECONDS):
                return list(await ping(never, 0.05, SECONDS / 2))
        except TimeoutError:
            return None

    waits = asyncio.run(measure())
    if waits is None:
        raise Wrong("A server that never answers, and you never returned. Stop waiting "
                    "when the time is over. See 7.4.")
    if not waits or max(waits) < SECONDS / 4:
        raise Wrong(f"Nobody answered, and your {len(waits)} samples have no long "
                    "wait. An unanswered ping has waited until the end: count it as "
                    "that. See 7.4.")


def _fair(machine: Machine, rounds: int, idea: str, ratio: FairRatio) -> None:
    """7.2 on one pretended computer."""
    machine = replace(machine)
    found = ratio(machine.a, machine.b, rounds)
    if not isinstance(found, float) or abs(found / RIGHT - 1) > CLOSE:
        shown = f"{found:.2f}" if isinstance(found, float) else repr(found)
        raise Wrong(f"a takes 2.00 times as long as b; yours says {shown}. {idea} "
                    "See 7.5.")


@dataclass(frozen=True, slots=True)
class Load:
    """What runs on the pretended computer of 7.3: each pass reads the weights, which
    takes 10 ms, and adds 1 ms for each token that it pushes."""

    streamed: bool = True
    cached: bool = True
    clients: int = 1
    prompt: int = 20
    answer: int = 50

    def measures(self) -> dict[str, float]:
        """First token, gap and total in ms of one client; tokens/s of all together."""
        sizes = [1 if self.cached else self.prompt + at for at in range(1, self.answer)]
        prefill = 10 + self.prompt * self.clients
        steps = [10 + size * self.clients for size in sizes]
        total = prefill + sum(steps)
        return {
            "first token": prefill if self.streamed else total,
            "gap": sum(steps) / len(steps),
            "my total": total,
            "room's tokens/s": 1e3 * self.clients * self.answer / total,
        }


CHANGES = {
    "send it whole": (Load(streamed=False),
                      "The same work, the same end; only the beginning is seen late."),
    "no KV cache": (Load(cached=False),
                    "Each step pushes the whole text again; the prefill does not "
                    "change."),
    "8 clients in one batch": (
        Load(clients=8), "The weights are read once for all: each waits a little "
        "longer, and the room gets far more."),
    "prompt x 8": (Load(prompt=160),
                   "A long prompt is paid once, before the first token."),
    "answer x 2": (Load(answer=100), "More steps, each as long as before."),
}
MEASURES = list(Load().measures())


def _direction(change: str, measure: str) -> tuple[str, float, float]:
    before, after = Load().measures()[measure], CHANGES[change][0].measures()[measure]
    ratio = after / before
    return "up" if ratio > 1.25 else "down" if ratio < 0.8 else "same", before, after


def _changes(change: str, measure: str, predict: Predict) -> None:
    """One box of 7.3."""
    said = predict().get((change, measure))
    due, before, after = _direction(change, measure)
    if said != due:
        raise Wrong(f"{change}: {measure} goes from {before:.0f} to {after:.0f}, "
                    f"{due}; you say {said}. {CHANGES[change][1]} See 7.8.")


EXERCISES = [
    Exercise("7.1", "Pings on a schedule", "ping", 10,
             (_sees_the_stall, _sends_all, _dead_server), core=True),
    Exercise("7.2", "A fair ratio", "ratio", 8,
             tuple(partial(_fair, *case) for case in CASES)),
    Exercise("7.3", "Break it: what changes what", "predict_changes", 8,
             tuple(partial(_changes, change, measure)
                   for change in CHANGES for measure in MEASURES)),
]
