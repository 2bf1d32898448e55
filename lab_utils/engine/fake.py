"""An engine without a model: it speaks a script, at a pace, and fails when told to."""

import time
from collections.abc import Callable, Mapping, Sequence

from lab_utils.engine.base import Engine
from lab_utils.engine.slots import Request, Slots
from lab_utils.prompts import Chat
from lab_utils.tokens import FinishReason, Token

BYTES = 256


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
        super().__init__(name, context, BYTES)
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

    def encode_chat(self, chat: Chat) -> list[int]:
        """The bytes of one line for each message, such as `user: hi`."""
        lines = [f"{message.role}: {message.content}\n" for message in chat.messages]
        return self.encode("".join(lines))

    def slots(self, size: int, context: int) -> Slots:
        """Room for `size` sequences; each says the script from its beginning."""
        return _FakeSlots(self)

    def begin(self, index: int) -> None:
        """What happens in front of step `index`: report, fail or hang, as told."""
        if self.on_step is not None:
            self.on_step(index)
        if index == self.fail_at:
            raise self.error
        while index == self.hang_at and self._hanging:
            time.sleep(0.005)

    def unhang(self) -> None:
        """Let the hanging step and all later ones go on."""
        self._hanging = False


class _FakeSlots(Slots):
    """A step takes `step_ms` however many sequences are in it, as in a real batch."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        self._requests: dict[int, Request] = {}
        self._made: dict[int, int] = {}

    def open(self, slot: int, request: Request) -> None:
        self._requests[slot], self._made[slot] = request, 0

    def prefill(
        self, slots: Sequence[int], budget: int
    ) -> Mapping[int, Token | Exception]:
        return self.decode(slots)

    def decode(self, slots: Sequence[int]) -> Mapping[int, Token | Exception]:
        time.sleep(self._engine.step_ms / 1e3)
        said: dict[int, Token | Exception] = {}
        for slot in slots:
            try:
                said[slot] = self._say(slot)
            except Exception as error:
                said[slot] = error
        return said

    def close(self, slot: int) -> None:
        del self._requests[slot], self._made[slot]

    def _say(self, slot: int) -> Token:
        engine, index = self._engine, self._made[slot]
        engine.begin(index)
        engine.made += 1
        self._made[slot] += 1
        count = min(self._requests[slot].max_tokens, len(engine.pieces))
        ending: FinishReason = "stop" if count == len(engine.pieces) else "length"
        reason = ending if index == count - 1 else None
        return Token(engine.pieces[index], index, 0.0, index == 0, reason)


def split_words(text: str) -> list[str]:
    """"a b c" as ["a", " b", " c"]: each word but the first keeps its space."""
    first, *rest = text.split(" ")
    return [first, *(" " + word for word in rest)]
