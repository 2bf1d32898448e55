"""What ends a request otherwise than with its last token."""


class RunnerError(RuntimeError):
    """A request could not be finished; the text may be shown to the client.

    `code` is a word for programs.
    """

    code = "engine_error"


class Overloaded(RunnerError):
    """Every slot and every place in the queue is taken; try again in a moment."""

    code = "overloaded"


class EngineDead(RunnerError):
    """The engine's thread has ended or hangs; no request can be served any more."""

    code = "engine_dead"


class TimedOut(RunnerError):
    """A request ran longer than `Limits` allow, or its reader did not read."""

    code = "timed_out"
