"""The steps of grading one submission, and what was found in each.

A step that ends the process costs itself alone: the others are done in a new one.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lab_utils.classroom import sandbox
from lab_utils.classroom.judge import Job, Task, step
from lab_utils.classroom.sandbox import Limits

JUDGE = "lab_utils.classroom.judge"


@dataclass(frozen=True, slots=True)
class Found:
    """What one step found: how many parts held, whether all was right, and the message.

    missing: there is no function for the exercise.
    """

    held: int = 0
    right: bool = False
    message: str = ""
    missing: bool = False


@dataclass(slots=True)
class Findings:
    """By the names of the steps; `unfinished` says why some are not there."""

    found: dict[str, Found] = field(default_factory=dict)
    unfinished: str = "Not judged: the submission ended its grading by itself."


def judged(tasks: Sequence[Task], limits: Limits) -> Findings:
    """Do all steps of `tasks`, in as many processes as that takes.

    Raises OSError if the first process does not come to its first step.
    """
    findings = Findings()
    steps = set(_steps(tasks))
    skip: set[str] = set()
    deadline = time.monotonic() + limits.seconds
    while True:
        left = replace(limits, seconds=deadline - time.monotonic())
        how, lines = _process(tasks, skip, left)
        last = _noted([line for line in lines if _step(line) in steps], findings)
        if not (last or skip or _over(lines)):
            raise OSError(f"expected a process to grade in, and it {how} before its "
                          f"first step. Run `python -m {JUDGE}`, which shows why.")
        if _over(lines) or not last or last in skip:
            return findings
        if last not in findings.found:
            findings.found[last] = Found(message=f"It {how}, and was left out.")
        if time.monotonic() > deadline:
            findings.unfinished = (f"Not judged: the {limits.seconds:.0f} s of a "
                                   "submission were over.")
            return findings
        skip |= {last, *(name for name in findings.found if "cell" not in name)}


def _steps(tasks: Sequence[Task]) -> Iterator[str]:
    for number, task in enumerate(tasks):
        for at, _ in enumerate(task["cells"], 1):
            yield step(number, f"cell {at}")
        for exercise in task["exercises"]:
            yield step(number, exercise)


def _process(
    tasks: Sequence[Task], skip: set[str], limits: Limits
) -> tuple[str, list[dict[str, Any]]]:
    """Run one process; how it ended, and its lines."""
    with TemporaryDirectory(prefix=sandbox.PREFIX, ignore_cleanup_errors=True) as path:
        given, results = Path(path, "job.json"), Path(path, "results.jsonl")
        job = Job(tasks=list(tasks), skip=sorted(skip), memory=limits.memory,
                  limit_s=limits.step, results=str(results))
        given.write_text(json.dumps(job), encoding="utf-8")
        how = sandbox.run(JUDGE, given, limits)
        return how, list(_lines(results))


def _lines(results: Path) -> Iterator[dict[str, Any]]:
    """What can be read: the last line may be half there."""
    if not results.exists():
        return
    for text in results.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict):
            yield line


def _step(line: dict[str, Any]) -> object:
    name = line.get("begin", line.get("end"))
    return name if isinstance(name, str) else None


def _over(lines: list[dict[str, Any]]) -> bool:
    return any("done" in line for line in lines)


def _noted(lines: list[dict[str, Any]], findings: Findings) -> str:
    """Keep what the steps found; the name of the last one that began, or ""."""
    last = ""
    for line in lines:
        last = line.get("begin", last)
        held = line.get("held", 0)
        if "end" in line and isinstance(held, int):
            findings.found[line["end"]] = Found(
                held, bool(line.get("right")),
                str(line.get("message", "")), bool(line.get("missing")))
    return last
