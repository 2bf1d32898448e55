"""What was tried so far: a line for each attempt, in a small file beside the notebook.

A line is added in one write, so that a restart in its middle, or two kernels at once,
lose nothing; a line that cannot be read is passed over.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from lab_utils.exercises.exercise import Verdict

FILE = Path(".lab-progress.jsonl")


def note(verdict: Verdict) -> None:
    """Add `verdict` to the file; a folder that cannot be written to loses it."""
    line = json.dumps({"exercise": verdict.exercise.number, "held": verdict.held,
                       "right": verdict.right})
    try:
        with FILE.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
    except OSError as error:
        print(f"(not noted in {FILE}: {error})")


def attempts() -> Iterator[tuple[str, int, bool]]:
    """Of each attempt so far: the exercise's number, the parts that held, all right?"""
    try:
        text = FILE.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            entry = json.loads(line)
            yield str(entry["exercise"]), int(entry["held"]), bool(entry["right"])
        except (ValueError, LookupError, TypeError):
            continue
