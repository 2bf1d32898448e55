"""Plausible bugs of timelines, recordings and panels, that lesson 06 must notice."""

from tests.lessons.mutants import Mutant

MUTANTS = [
    Mutant(
        "tokens per second counts tokens and the wait for the first",
        "lab_utils/timeline.py",
        "return (len(self.arrivals) - 1) / span if span > 0 else None",
        "return len(self.arrivals) / self.arrivals[-1] if span > 0 else None",
        section="6.1",
    ),
    Mutant(
        "the timeline until a moment shows what came later",
        "lab_utils/timeline.py",
        "arrivals = [moment for moment in list(self.arrivals) if moment <= now]",
        "arrivals = list(self.arrivals)",
        section="6.5",
    ),
    Mutant(
        "stop does not leave",
        "lab_utils/panel/live.py",
        "            self._recording.stop()",
        "            pass",
        section="6.3",
    ),
    Mutant(
        "a request that was left is not marked as left",
        "lab_utils/recording.py",
        "                    timeline.left = self._elapsed()\n",
        "",
        section="6.7",
    ),
    Mutant(
        "a ping waits for the answer of the last one",
        "lab_utils/pings.py",
        "                await asyncio.sleep(max(0, due - perf_counter()))",
        "                await asyncio.gather(*answers)\n"
        "                await asyncio.sleep(every)",
        section="6.4",
    ),
    Mutant(
        "a person reads faster than tokens arrive",
        "lab_utils/lessons/n06_reading.py",
        "done = max(done, arrival) + 1 / reads",
        "done += 1 / reads",
        section="6.6",
    ),
    Mutant(
        "what a model wrote is not escaped",
        "lab_utils/panel/views.py",
        'return safe(line.rstrip("\\r\\n"))',
        'return line.rstrip("\\r\\n")',
        section="Side path: build the panel",
    ),
]
