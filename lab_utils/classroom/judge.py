"""The process in which one submission is graded: `python -m lab_utils.classroom.judge`.

It reads a job from its input and adds a line to a file before and after each step, so
that what was found is kept if the submission ends this process.
"""

import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, TypedDict

import lab_utils.exercises
from lab_utils.classroom.cells import Quiet, namespace, run
from lab_utils.exercises.attempt import THREAD, attempt
from lab_utils.exercises.catalog import EXERCISES
from lab_utils.exercises.exercise import Exercise

LONGEST = 500
"""Characters of a message; who returns a million items gets its begin and its end."""

MOST_PARTS = 6
"""With more, each of them gets less time: one that is endless in all twenty would keep
the class waiting for minutes."""

LARGEST_FILE = 100_000_000
"""Bytes; a submission has no reason to write any."""

OUT_OF_MEMORY = "It raised MemoryError"

Say = Callable[..., None]


class Task(TypedDict):
    """One notebook: the sources of its cells, and the numbers of its exercises."""

    cells: list[str]
    exercises: list[str]


class Job(TypedDict):
    """What the grading process is asked: which steps to leave out, since they are done
    or have ended an earlier process; memory in bytes; seconds for each cell and each
    part of an exercise; where the lines go."""

    tasks: list[Task]
    skip: list[str]
    memory: int
    limit_s: float
    results: str


def step(task: int, what: str) -> str:
    """A step's name: the notebook's place, then "cell 3" or an exercise's number."""
    return f"{task} {what}"


def main() -> None:
    """Do the job; ends the process at once, whatever of the submission still runs."""
    job: Job = json.load(sys.stdin)
    _limit(job["memory"])
    vars(lab_utils.exercises)["check"] = Quiet()  # what `from … import check` finds
    with open(job["results"], "a", encoding="utf-8") as file:
        def say(**line: object) -> None:
            file.write(json.dumps(line) + "\n")
            file.flush()

        for number, task in enumerate(job["tasks"]):
            _judge(number, task, set(job["skip"]), job["limit_s"], say)
        say(done=True)
    os._exit(0)


def _limit(memory: int) -> None:
    """Let no more memory be had than `memory` bytes, and no large file be written,
    where the system can say so."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for kind, limit in ((resource.RLIMIT_DATA, memory), (resource.RLIMIT_CORE, 0),
                        (resource.RLIMIT_FSIZE, LARGEST_FILE)):
        _, hard = resource.getrlimit(kind)
        least = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (least, least))


def _judge(
    number: int, task: Task, skip: set[str], limit_s: float, say: Say
) -> None:
    """Run the cells of one notebook, then try its exercises."""
    if all(step(number, each) in skip for each in task["exercises"]):
        return
    names = namespace()
    for at, source in enumerate(task["cells"], 1):
        if (name := step(number, f"cell {at}")) not in skip:
            say(begin=name)
            said = run(source, f"<code cell {at} of {number}>", names, limit_s)
            say(end=name, message=_cut(said))
            _stop_if_spoiled(said)
    for each in task["exercises"]:
        if (name := step(number, each)) not in skip:
            say(begin=name)
            _try(name, EXERCISES[each], names.get(EXERCISES[each].function),
                 limit_s, say)


def _try(
    name: str, exercise: Exercise, function: Any, limit_s: float, say: Say
) -> None:
    """Try one exercise's function, if there is one."""
    if function is None:
        say(end=name, missing=True)
        return
    most = min(limit_s, MOST_PARTS * limit_s / len(exercise.parts))
    verdict = attempt(exercise, function, most)
    say(end=name, held=verdict.held, right=verdict.right,
        message=_cut(verdict.message))
    _stop_if_spoiled(verdict.message)


def _cut(message: str) -> str:
    if len(message) <= LONGEST:
        return message
    return f"{message[: LONGEST // 2]} … {message[-LONGEST // 2 :]}"


def _stop_if_spoiled(said: str) -> None:
    """End this process if what ran last is still there, or has eaten the memory: the
    next steps are done in a new one."""
    running = any(thread.name == THREAD for thread in threading.enumerate())
    if running or said.startswith(OUT_OF_MEMORY):
        os._exit(0)


if __name__ == "__main__":
    main()
