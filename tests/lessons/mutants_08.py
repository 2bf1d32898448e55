"""Plausible bugs of scheduler, process and OpenAI's routes: lesson 08 notices."""

from tests.lessons.mutants import Mutant

MUTANTS = [
    Mutant(
        "each slot takes a step of its own",
        "lab_utils/engine/scheduler.py",
        "made = self._slots.decode(list(by_slot))",
        "made = {each: self._slots.decode([each])[each] for each in by_slot}",
        section="8.2",
    ),
    Mutant(
        "who waits joins when all have left",
        "lab_utils/engine/scheduler.py",
        "        admitted = []\n        while",
        "        admitted = []\n        while not any(each.answering for each in "
        "self.running) and",
        section="8.3",
    ),
    Mutant(
        "who came last joins first",
        "lab_utils/engine/scheduler.py",
        "self.waiting.popleft()",
        "self.waiting.pop()",
        section="8.3",
    ),
    Mutant(
        "the engine does not say that a request has its slot",
        "lab_utils/runners/process/child.py",
        "self._said += [Started(id) for id in self._driver.admit()]",
        "self._driver.admit()",
        section="8.4",
    ),
    Mutant(
        "health is 200 after the engine's death",
        "lab_utils/server/app.py",
        'asdict(status), 200 if status.status == "ok" else 503,',
        "asdict(status), 200,",
        section="8.5",
    ),
    Mutant(
        "a chat streams without the role in front",
        "lab_utils/server/openai/wire.py",
        '{"delta": {"role": "assistant", "content": ""}}',
        '{"delta": {"content": ""}}',
        section="8.6",
    ),
    Mutant(
        "why an answer ended is not said",
        "lab_utils/server/openai/wire.py",
        '"finish_reason": reason}',
        '"finish_reason": None}',
        section="8.6",
    ),
]
