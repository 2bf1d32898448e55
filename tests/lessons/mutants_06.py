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
        "the panel asks for the whole answer although stream is ticked",
        "lab_utils/panel/live.py",
        '"stream": self._stream.value,',
        '"stream": False,',
        section="6.2",
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
        "lab_utils/recording.py",
        "                await asyncio.sleep(max(0, due - perf_counter()))",
        "                await asyncio.gather(*answers)\n"
        "                await asyncio.sleep(every)",
        section="6.4",
    ),
    Mutant(
        "paced servers race one after the other",
        "lab_utils/panel/racing.py",
        "together = first.timeline.pace_ms > 0",
        "together = False",
        section="6.4",
    ),
    Mutant(
        "the slider counts milliseconds",
        "lab_utils/panel/scrubber.py",
        "place = round(PLACES * seconds / self.extent)",
        "place = round(PLACES * seconds / self.extent / 1e3)",
        section="6.5",
    ),
    Mutant(
        "a person reads faster than tokens arrive",
        "lab_utils/plots/reading.py",
        "done = max(done, arrival) + 1 / reads",
        "done += 1 / reads",
        section="6.6",
    ),
    Mutant(
        "the panel does not draw the last words",
        "lab_utils/panel/live.py",
        "        self._stop.disabled = True\n        self._paint()",
        "        self._stop.disabled = True",
        section="Side path: build the panel",
    ),
    Mutant(
        "what a model wrote is not escaped",
        "lab_utils/panel/views.py",
        'return escape(visible(line.rstrip("\\r\\n")))',
        'return visible(line.rstrip("\\r\\n"))',
        section="Side path: build the panel",
    ),
    Mutant(
        "Generate holds up its caller until the answer is there",
        "lab_utils/panel/live.py",
        "        self._painter.start()\n",
        "        self._painter.start()\n        recording.join()\n",
        section="Side path: what drawing costs",
    ),
]
