"""Plausible bugs of clocks, percentiles, pings and queues: lesson 07 notices."""

from tests.lessons.mutants import Mutant

MUTANTS = [
    Mutant(
        "a step's time is not measured",
        "lab_utils/engine/scheduler.py",
        "step_ms, scheduled.last_token_at = 1e3 * (now - scheduled.last_token_at), now",
        "step_ms, scheduled.last_token_at = 1e3 * (now - now), now",
        section="7.1",
    ),
    Mutant(
        "every percentile is the largest value",
        "lab_utils/timeline.py",
        "    return sorted(values)[rank - 1]",
        "    return max(values)",
        section="7.3",
    ),
    Mutant(
        "a ping waits for the answer of the last one",
        "lab_utils/pings.py",
        "                await asyncio.sleep(max(0, due - perf_counter()))",
        "                await asyncio.gather(*answers)\n"
        "                await asyncio.sleep(every)",
        section="7.4",
    ),
    Mutant(
        "the lean forward is never taken",
        "lab_utils/engine/loading.py",
        "if lean and use_cache and can_run(model):",
        "if False and can_run(model):",
        section="7.5",
    ),
    Mutant(
        "an answer is streamed as a whole",
        "lab_utils/bench/demo.py",
        "server.url, prompt, label=case.label, stream=case.stream,",
        "server.url, prompt, label=case.label, stream=False,",
        section="7.6",
    ),
    Mutant(
        "a full queue takes one more",
        "lab_utils/runners/base.py",
        "if len(self._jobs) < self.max_batch + self.max_queue:",
        "if len(self._jobs) <= self.max_batch + self.max_queue:",
        section="7.7",
    ),
    Mutant(
        "a person reads faster than tokens arrive",
        "lab_utils/lessons/n06_reading.py",
        "done = max(done, arrival) + 1 / reads",
        "done += 1 / reads",
        section="7.8",
    ),
]
