"""Bugs that notebook 02 notices."""

from tests.lessons.mutants import Mutant

ENGINE = "lab_utils/engine/model_engine.py"
SAMPLING = "lab_utils/engine/sampling.py"

MUTANTS = [
    Mutant(
        "the cache is not passed on", "lab_utils/lessons/n02_box.py",
        old="**names.arguments(cache)", new="**names.arguments(None)", section="2.6",
    ),
    Mutant(
        "the whole answer is made at the first next", "lab_utils/engine/base.py",
        old="        while not scheduled.ended:\n"
            "            for _, item in scheduler.step():\n"
            "                if isinstance(item, Exception):\n"
            "                    raise item\n"
            "                yield item",
        new="        made = []\n"
            "        while not scheduled.ended:\n"
            "            made += [item for _, item in scheduler.step()]\n"
            "        yield from made",
        section="2.5",
    ),
    Mutant(
        "the prompt is checked at the first next", "lab_utils/engine/base.py",
        old="        return self.steps(self.prepare(prompt, params))",
        new="        yield from self.steps(self.prepare(prompt, params))",
        section="2.5",
    ),
    Mutant(
        "EOS does not end an answer", ENGINE,
        old="ended = is_end or answer.detokenizer.stopped",
        new="ended = answer.detokenizer.stopped", section="2.6",
    ),
    Mutant(
        "one token more than asked for", ENGINE,
        old="answer.made == answer.request.max_tokens",
        new="answer.made > answer.request.max_tokens", section="2.6",
    ),
    Mutant(
        "decode steps stand one position too far", "lab_utils/model/llama.py",
        old="self._group(cache, slice(len(ids)), lengths, 1)",
        new="self._group(cache, slice(len(ids)), [each + 1 for each in lengths], 1)",
        section="2.6",
    ),
    Mutant(
        "top_p keeps what it should drop", SAMPLING,
        old="<= 1 - top_p", new="<= top_p", section="Side path: sampling",
    ),
    Mutant(
        "held back bytes are never given out", "lab_utils/engine/detokenizer.py",
        old="self._decode_new(final=True)", new="self._decode_new(final=False)",
        section="Side path: half characters",
    ),
]
