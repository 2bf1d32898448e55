"""What a server and its engine process say to each other, overheard."""

from typing import Any, NamedTuple

from IPython.display import Markdown

from lab_utils.engine import FakeEngine
from lab_utils.runners import ProcessRunner
from lab_utils.runners.process.messages import ToEngine, ToServer, encode


class Said(NamedTuple):
    """One message: which way it went, and what it was."""

    to: str
    message: ToEngine | ToServer

    @property
    def kind(self) -> str:
        """The name of its type, such as "Made"."""
        return type(self.message).__name__

    @property
    def size(self) -> int:
        """Its bytes as msgpack."""
        return len(encode(self.message))


class Overheard(ProcessRunner):
    """A `ProcessRunner` that keeps a copy of what it sends and receives in `said`."""

    def __init__(self, model: str = "tutor", **options: Any) -> None:
        super().__init__(model, **options)
        self.said: list[Said] = []

    def _send(self, message: ToEngine) -> None:
        self.said.append(Said("engine", message))
        super()._send(message)

    def _receive(self, message: ToServer) -> None:
        self.said.append(Said("server", message))
        super()._receive(message)


def words_engine(model: str) -> FakeEngine:
    """An engine without a model, to be started in another process in a moment."""
    return FakeEngine(["word "] * 500, step_ms=20, name=model)


LONGEST = 60
"""Letters of a message that a table shows."""


def conversation(said: list[Said], first: int = 6, last: int = 2) -> Markdown:
    """A table of the `first` and the `last` messages."""
    shown = said if len(said) <= first + last else [*said[:first], *said[-last:]]
    rows = [_row(each) for each in shown]
    if len(said) > first + last:
        rows.insert(first, f"| | *… {len(said) - first - last} more* | | |")
    head = "| to | message | holds | bytes |\n| --- | --- | --- | ---: |\n"
    return Markdown(head + "\n".join(rows))


def _row(said: Said) -> str:
    fields = ", ".join(
        f"{name}={getattr(said.message, name)!r}"
        for name in said.message.__struct_fields__ if name != "params"
    ).replace("|", "\\|")
    holds = fields if len(fields) <= LONGEST else f"{fields[:LONGEST - 1]}…"
    return f"| {said.to} | `{said.kind}` | `{holds}` | {said.size} |"
