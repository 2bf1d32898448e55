"""What the server and its engine process say to each other, as typed msgpack.

Never pickle: unpickling runs code, and everybody who can reach the socket could send it
(CVE-2025-32444 in vLLM, CVE-2026-3059 in SGLang). A frame that is none of these types
raises `msgspec.DecodeError` and is dropped.
"""

from typing import Self

import msgspec

from lab_utils.prompts import Prompt
from lab_utils.tokens import InvalidRequest, ModelError, SamplingParams, Token


class EngineFailed(RuntimeError):
    """The model raised in the engine process; the text is its exception."""


class Submit(msgspec.Struct, frozen=True, tag=True):
    """Server to engine: check this prompt, then run it. `id` is the server's.

    window: how many tokens may be made ahead of what the reader has read. turn: who has
    the lowest begins first.
    """

    id: int
    prompt: Prompt
    params: SamplingParams
    window: int
    turn: int = 0


class Abort(msgspec.Struct, frozen=True, tag=True):
    """Server to engine: nobody reads this request any more; answered by `Gone`, unless
    it had no slot or has ended by itself meanwhile."""

    id: int


class Read(msgspec.Struct, frozen=True, tag=True):
    """Server to engine: its reader has read this many more tokens."""

    id: int
    tokens: int


class Stop(msgspec.Struct, frozen=True, tag=True):
    """Server to engine: end."""


class Ready(msgspec.Struct, frozen=True, tag=True):
    """Engine to server: the model is loaded."""

    model: str
    context: int
    pace_ms: float


class NotReady(msgspec.Struct, frozen=True, tag=True):
    """Engine to server: it could not be loaded, and why."""

    reason: str


class Prepared(msgspec.Struct, frozen=True, tag=True):
    """Engine to server: the prompt fits; it has this many tokens."""

    id: int
    prompt_tokens: int


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Engine to server: the prompt cannot be served (`InvalidRequest`)."""

    id: int
    message: str
    param: str
    code: str

    def error(self) -> InvalidRequest:
        """The exception that the engine raised."""
        return InvalidRequest(self.message, self.param, self.code)


class Started(msgspec.Struct, frozen=True, tag=True):
    """Engine to server: the request has a slot."""

    id: int


class Made(msgspec.Struct, frozen=True, tag=True):
    """Engine to server: one token."""

    id: int
    token: Token


class Failed(msgspec.Struct, frozen=True, tag=True):
    """Engine to server: the model raised while it worked on this request.

    shown: whether the reason may be shown to the client (`ModelError`).
    """

    id: int
    reason: str
    shown: bool

    @classmethod
    def of(cls, id: int, error: Exception) -> Self:
        """The message for `error`."""
        shown = isinstance(error, ModelError)
        return cls(id, str(error) if shown else repr(error), shown)

    def error(self) -> Exception:
        """What is raised for it in the server's process."""
        return (ModelError if self.shown else EngineFailed)(self.reason)


class Gone(msgspec.Struct, frozen=True, tag=True):
    """Engine to server: the aborted request holds no slot any more."""

    id: int


ToEngine = Submit | Abort | Read | Stop
ToServer = Ready | NotReady | Prepared | Refused | Started | Made | Failed | Gone

encode = msgspec.msgpack.Encoder().encode
decode_for_engine = msgspec.msgpack.Decoder(ToEngine).decode
decode_for_server = msgspec.msgpack.Decoder(list[ToServer]).decode
"""One frame holds all that one step of the engine has to say."""
