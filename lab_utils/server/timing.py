"""Where an answer's time went, told in the header `Server-Timing` of each answer.

A browser shows it beside the times of its own (w3.org/TR/server-timing).
"""

from lab_utils.runners import Job
from lab_utils.tokens import Generation

NAME = "Server-Timing"


def of_stream(job: Job, prefill_ms: float) -> str:
    """What is known when the first token goes out: `queue`, from being admitted to the
    beginning of the step that reads the prompt, and `prefill`, that step; in ms."""
    queue_ms = 1e3 * (job.begun - job.admitted) - prefill_ms
    return f"queue;dur={max(queue_ms, 0.0):.3f}, prefill;dur={prefill_ms:.3f}"


def of_whole(job: Job, answer: Generation) -> str:
    """The same, and `decode`: from the first token to the last, in ms."""
    decode_ms = answer.total_time_ms - 1e3 * (job.begun - job.admitted)
    return f"{of_stream(job, answer.prefill_time_ms)}, decode;dur={decode_ms:.3f}"
