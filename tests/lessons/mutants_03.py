"""What could be broken between server and client, and where lesson 03 would notice."""

from tests.lessons.mutants import Mutant

SSE = "lab_utils/sse.py"
STREAMING = "lab_utils/server/streaming.py"

MUTANTS = [
    Mutant(
        "text that is not ASCII is written as it is", SSE,
        "else json.dumps(data)", "else json.dumps(data, ensure_ascii=False)", "3.2",
    ),
    Mutant(
        "lines end wherever Unicode says so", SSE,
        'rb"[\\r\\n]"', 'rb"[\\r\\n]|\\xe2\\x80\\xa8|\\xc2\\x85"', "3.4",
    ),
    Mutant(
        "each read is decoded by itself", SSE,
        "self._buffer += chunk",
        'self._buffer += chunk.decode(errors="ignore").encode()', "3.4",
    ),
    Mutant(
        "an event that no blank line ended is delivered", SSE,
        "self._field(line)\n            elif", "self._field(line)\n            if",
        "3.4",
    ),
    Mutant(
        "all spaces after the colon are dropped", SSE,
        'value.removeprefix(" ")', "value.strip()", "3.4",
    ),
    Mutant(
        "the error event is lost", STREAMING,
        "last = sse.encode(describe(item)[1])", 'last = b""', "3.5",
    ),
    Mutant(
        "the client does not miss [DONE]", "lab_utils/reply.py",
        "if not self._done:", "if not self._done and False:", "3.5",
    ),
    Mutant(
        "an engine that fails at once is a 200", STREAMING,
        "elif self._begun:", "elif self._begun or item:", "3.6",
    ),
]
