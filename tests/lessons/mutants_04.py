"""Mutants that lesson 04 catches: what freezes a loop, and what leaving costs."""

from tests.lessons.mutants import Mutant

THREAD = "lab_utils/runners/thread.py"
EXECUTOR = "lab_utils/runners/executor.py"

MUTANTS = [
    Mutant(
        "the executor runner steps on the loop's own thread",
        EXECUTOR,
        old="item = await job.loop.run_in_executor(pool, self._step, tokens, pool)",
        new="item = self._step(tokens, pool)",
        section="4.4",
    ),
    Mutant(
        "the engine's thread calls the loop for its steps",
        THREAD,
        old="        made = driver.step()\n",
        new=(
            "        import asyncio\n\n"
            "        async def on_the_loop() -> list:\n"
            "            return driver.step()\n\n"
            "        loop = driver.keys[0].loop if driver else None\n"
            "        made = driver.step() if loop is None else (\n"
            "            asyncio.run_coroutine_threadsafe(on_the_loop(), loop)\n"
            "            .result()\n"
            "        )\n"
        ),
        section="4.4",
    ),
    Mutant(
        "the engine's thread looks at the flag only at the end",
        THREAD,
        old="            if job.cancelled or error is not None:",
        new="            if error is not None:",
        section="4.5",
    ),
    Mutant(
        "the executor runner goes on for a reader who has left",
        EXECUTOR,
        old="        while not job.cancelled:\n",
        new="        while True:\n",
        section="4.5",
    ),
    Mutant(
        "nobody tells the runner that the client has left",
        "lab_utils/server/streaming.py",
        old="            self.answers.cancel()\n\n    async def _answer",
        new="            pass\n\n    async def _answer",
        section="4.5",
    ),
]
