"""How long it takes to push several tokens of one sequence at a time."""

from statistics import median
from time import perf_counter

from lab_utils.engine import Engine
from lab_utils.tokens import SamplingParams

PROMPT = "word " * 60


def push_ms(engine: Engine, count: int) -> float:
    """Milliseconds for a forward pass with `count` tokens; the median over a prompt."""
    request = engine.prepare(PROMPT, SamplingParams(max_tokens=1))
    slots = engine.slots(1, engine.context)
    slots.open(0, request)
    took = []
    for _ in range(len(request.prompt_ids) // count - 1):
        began = perf_counter()
        slots.prefill([0], count)
        took.append(1e3 * (perf_counter() - began))
    slots.close(0)
    return median(took)
