"""What notebook 01 tries with the reader's event loop and the reader's ASGI app."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import Any

from lab_utils.lessons.your_turn import Case, check

TakeTurns = Callable[[list[Iterator[None]]], None]
App = Callable[..., Awaitable[None]]

TOO_OFTEN = 20
"""Calls of `next` of a job that is over: such a loop would never end."""

TURNS = [
    Case({"A": 1}, ["A0"],
         "Take the first job *off* the list: `jobs.pop(0)` does both. If it stays "
         "there, or nobody has it, the loop cannot go on."),
    Case({"A": 3, "B": 2}, ["A0", "B0", "A1", "B1", "A2"],
         "The *first* job of the list runs to its pause, once, and goes to the *end* "
         "(`append`). So the other one is first now."),
    Case({"A": 0, "B": 1}, ["B0"],
         "A has no step: its first `next` raises StopIteration. That ends A alone; "
         "`continue` goes on with the others."),
    Case({"A": 2, "B": 2, "C": 2}, ["A0", "B0", "C0", "A1", "B1", "C1"],
         "With three jobs, each waits for both others: back to the *end* of the list, "
         "not to its second place."),
    Case({}, [], "Without jobs nothing runs."),
]

MESSAGES = [
    Case("/health", [("", False)],
         "The end is a message, too: type `http.response.body`, no `more_body`. Until "
         "it comes the client waits. And without `await`, `send(…)` runs nothing."),
    Case("/", [("I ", True), ("am ", True), ("here", True), ("", False)],
         "Each word is a message of its own with `\"more_body\": True`; without it, it "
         "would be the end. The last message comes after the client has left."),
]


def check_take_turns(take_turns: TakeTurns) -> None:
    """Say what is wrong with it, or that it holds; raises NotYet."""

    @wraps(take_turns)
    def order_of(steps: dict[str, int]) -> list[str]:
        order: list[str] = []
        take_turns([_Job(name, count, order) for name, count in steps.items()])
        return order

    check(order_of, TURNS)


class _Job(Iterator[None]):
    """Notes its steps in `order`, as the lesson's `job` does; then it is over."""

    def __init__(self, name: str, steps: int, order: list[str]) -> None:
        self._name, self._steps, self._order = name, steps, order
        self._calls = 0

    def __next__(self) -> None:
        self._calls += 1
        if self._calls > self._steps + TOO_OFTEN:
            raise RuntimeError(f"{self._name} was over and got `next` again and again")
        if self._calls > self._steps:
            raise StopIteration
        self._order.append(f"{self._name}{self._calls - 1}")


def check_app(app: App) -> None:
    """Say what is wrong with it, or that it holds; raises NotYet."""

    @wraps(app)
    def bodies_of(path: str) -> list[tuple[str, bool]]:
        messages: list[dict[str, Any]] = []

        async def leave() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        async def ask() -> None:
            await app({"type": "http", "path": path}, leave, send)

        with ThreadPoolExecutor(1) as pool:  # this thread may have a loop that runs
            pool.submit(asyncio.run, ask()).result()
        return [(message.get("body", b"").decode(), message.get("more_body", False))
                for message in messages if message["type"] == "http.response.body"]

    check(bodies_of, MESSAGES)
