"""One attempt at an exercise: a time limit for each part, and nothing left behind.

The parts run in a thread of their own. So an endless loop does not hang the notebook:
it is stopped, as far as Python can stop it, and said to be one.
"""

import ctypes
import threading
from collections.abc import Callable
from functools import partial
from time import sleep
from typing import Any

import psutil

from lab_utils.exercises.exercise import Exercise, Verdict, Wrong
from lab_utils.lessons.your_turn import has_gaps

LIMIT_S = 10.0
"""For each part; a right answer needs a small part of it."""

STOPPING_S = 1.0
LEAVING_S = 1.0
"""How long what was stopped, and what should end by itself, may take to do so."""

THREAD = "lab-exercise"
"""The name of each thread in which a part runs; one that could not be stopped stays."""


class OutOfTime(BaseException):
    """Raised in the middle of a part that takes too long."""


def attempt(
    exercise: Exercise, function: Callable[..., Any], limit_s: float = LIMIT_S
) -> Verdict:
    """Hand `function` to each part of `exercise`; never raises, and takes at most about
    `limit_s` seconds for each."""
    if has_gaps(function):
        return Verdict(exercise, 0, f"{exercise.function} still has a `...` in it: "
                       f'write yours, or ask check.hint("{exercise.number}").')
    threads, ports = _threads(), _ports()
    messages = [within(limit_s, partial(part, function)) for part in exercise.parts]
    messages += _left_behind(threads, ports)
    said = [message for message in messages if message]
    held = messages[: len(exercise.parts)].count("")
    return Verdict(exercise, held, said[0] if said else "")


def within(limit_s: float, run: Callable[[], None]) -> str:
    """Call `run` in a thread of its own, for at most about `limit_s` seconds; what went
    wrong, in words, or "" if nothing did."""
    said: list[str] = []

    def guarded() -> None:
        try:
            run()
        except Wrong as wrong:
            said.append(str(wrong))
        except OutOfTime:
            said.append(f"It did not come back within {limit_s:g} s, and was stopped. "
                        "A loop never ends, or waits for something that never comes.")
        except BaseException as error:
            said.append(f"It raised {_shown(error)}.")

    thread = threading.Thread(target=guarded, name=THREAD, daemon=True)
    thread.start()
    thread.join(limit_s)
    if thread.is_alive() and not _stop(thread, OutOfTime):
        said.append(f"It did not come back within {limit_s:g} s, and cannot be stopped "
                    "where it waits: restart the kernel before you go on.")
    return said[0] if said else ""


def _stop(thread: threading.Thread, how: type[BaseException]) -> bool:
    """Raise `how` in `thread`, at its next step of Python; whether it ended."""
    assert thread.ident is not None, "it was started"
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(how)
    )
    thread.join(STOPPING_S)
    return not thread.is_alive()


def _left_behind(threads: set[threading.Thread], ports: set[int]) -> list[str]:
    """What of the attempt still runs or listens; threads are stopped if they can be."""
    for _ in range(int(LEAVING_S / 0.02)):
        if not _threads() - threads and not _ports() - ports:
            return []
        sleep(0.02)
    listening, running = _ports() - ports, _threads() - threads
    ended = [_stop(thread, SystemExit) for thread in running]  # ends without a word
    said = []
    if listening:
        now = "restart the kernel" if listening & _ports() else "it was ended"
        said.append(f"Something of yours was still listening on port {min(listening)}: "
                    f"a server goes on until it is told to stop. Now {now}.")
    if running:
        now = "it was ended" if all(ended) else "restart the kernel"
        name = min(thread.name for thread in running)
        said.append(f"A thread of yours, {name}, was still running afterwards: end "
                    f"what you start, also after an error. Now {now}.")
    return said


def _threads() -> set[threading.Thread]:
    # Pools of asyncio and of this library keep theirs on purpose, for the next time.
    return {thread for thread in threading.enumerate()
            if not thread.name.startswith(("asyncio", "AnyIO", THREAD))}


def _ports() -> set[int]:
    connections = psutil.Process().net_connections("tcp")
    return {each.laddr.port for each in connections
            if each.status == psutil.CONN_LISTEN}


def _shown(error: BaseException) -> str:
    words = repr(error)
    return words if len(words) < 120 else f"{words[:117]}..."
