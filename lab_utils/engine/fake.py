"""An engine without a model: it speaks a script, at a pace, and fails when told to."""

import time
from collections.abc import Callable, Generator, Sequence
from time import perf_counter

from lab_utils.engine.base import Engine, Request
from lab_utils.engine.tokens import FinishReason, Token


class FakeEngine(Engine):
    """A deterministic engine for tests and for lessons about everything but models.

    text: what it says, as pieces or as one string that is split into words.
    step_ms: how long each step takes; it sleeps, which frees the other threads.
    fail_at: the step (0 = prefill) that raises `error`.
    hang_at: the step that does not end before `unhang()` is called.
    on_step: called at the beginning of each step with its number, in the engine's
        thread; lessons count with it.

    A prompt's ids are its bytes. Token ids are the numbers of the pieces.
    """

    def __init__(
        self,
        text: str | Sequence[str] = "one two three four five six seven eight",
        *,
        step_ms: float = 0,
        fail_at: int | None = None,
        error: BaseException | None = None,
        hang_at: int | None = None,
        on_step: Callable[[int], None] | None = None,
        context: int = 4096,
        name: str = "fake",
    ) -> None:
        super().__init__(name, context)
        self.pieces = split_words(text) if isinstance(text, str) else list(text)
        self.step_ms = step_ms
        self.fail_at = fail_at
        self.error = error or RuntimeError("the fake engine was told to fail")
        self.hang_at = hang_at
        self.on_step = on_step
        self._hanging = True

    def encode(self, prompt: str) -> list[int]:
        """The prompt's UTF-8 bytes."""
        return list(prompt.encode())

    def steps(self, request: Request) -> Generator[Token, None, None]:
        """Say the script, from its beginning for every request."""
        count = min(request.max_tokens, len(self.pieces))
        ending: FinishReason = "stop" if count == len(self.pieces) else "length"
        for index in range(count):
            started = perf_counter()
            self._work(index)
            self.made += 1
            self.keep_pace(started)
            step_ms = 1e3 * (perf_counter() - started)
            reason = ending if index == count - 1 else None
            yield Token(self.pieces[index], index, step_ms, index == 0, reason)

    def _work(self, index: int) -> None:
        if self.on_step is not None:
            self.on_step(index)
        if index == self.fail_at:
            raise self.error
        while index == self.hang_at and self._hanging:
            time.sleep(0.005)
        time.sleep(self.step_ms / 1e3)

    def unhang(self) -> None:
        """Let the hanging step and all later ones go on."""
        self._hanging = False


def split_words(text: str) -> list[str]:
    """"a b c" as ["a", " b", " c"]: each word but the first keeps its space."""
    first, *rest = text.split(" ")
    return [first, *(" " + word for word in rest)]
