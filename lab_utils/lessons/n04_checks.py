"""What notebook 04 asks the reader's server."""

import functools
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx

from lab_utils.engine import FakeEngine
from lab_utils.lessons.n03_ruler import read_events
from lab_utils.lessons.your_turn import Case, check
from lab_utils.server import BackgroundServer

MakeApp = Callable[[FakeEngine], Any]

MEANWHILE = " and, in its middle, GET /health"
PATIENCE_S = 2.0
"""For an answer that a free loop gives within milliseconds."""

WHOLE, STREAM = '{"prompt": "Hi"}', '{"prompt": "Hi", "stream": true}'

CASES = [
    Case("GET /health", '200 {"status":"ok"}',
         "`health` returns a dict; FastAPI makes JSON of it."),
    Case(f"POST /generate {WHOLE}", "200 one two three",
         "Without `stream` the whole answer is one JSON: what `engine.generate` "
         "returns in the executor, as a dict. `await` it."),
    Case(f"POST /generate {STREAM}", "200 text/event-stream one| two| three|[DONE]",
         "With `stream`: a StreamingResponse around `events(steps)`, and its media "
         "type says what it carries, or no EventSource will read it."),
    Case('POST /generate {"prompt": "Hi", "max_tokens": 2}', "200 one two",
         "The client asked for two tokens: give `*asked` to `engine.generate`."),
    Case('POST /generate {"prompt": "Hi", "max_tokens": 2, "stream": true}',
         "200 text/event-stream one| two|[DONE]",
         "The client asked for two tokens: give `*asked` to `generate_stream`."),
    Case('POST /generate {"prompt": ""}', "422",
         "Pydantic checks what is declared: keep `ask: Ask`."),
    Case(f"POST /generate {WHOLE}{MEANWHILE}", "200 at once",
         "The loop is frozen: `engine.generate` runs on its thread. Give it to "
         "`run_in_executor`, and `await` that."),
    Case(f"POST /generate {STREAM}{MEANWHILE}", "200 at once",
         "The loop is frozen: a step runs on its thread. `events` takes each in the "
         "executor; do not pull `steps` yourself."),
]


def check_server(make_app: MakeApp) -> None:
    """Say what is wrong with the servers it makes, or that they hold; raises NotYet."""

    @functools.wraps(make_app)
    def asked(request: str) -> str:
        return ask(make_app, request)

    check(asked, CASES)


def ask(make_app: MakeApp, request: str) -> str:
    """Send `request`, as in `CASES`, to a server of its own; returns what came back."""
    wanted, meanwhile, _ = request.partition(MEANWHILE)
    begun = Event()
    engine = FakeEngine("one two three", hang_at=1 if meanwhile else None,
                        on_step=lambda step: begun.set() if step == 1 else None)
    with (BackgroundServer(make_app(engine)) as server,
          httpx.Client(base_url=server.url, trust_env=False) as http):
        if not meanwhile:
            return _words(wanted, _send(http, wanted))
        with ThreadPoolExecutor(1) as another:
            asked = another.submit(_send, http, wanted)
            try:
                begun.wait(PATIENCE_S)
                return f"{_send(http, 'GET /health').status_code} at once"
            except httpx.TimeoutException:
                return f"nothing for {PATIENCE_S:g} s"
            finally:
                engine.unhang()
                asked.exception()


def _send(http: httpx.Client, request: str) -> httpx.Response:
    method, path, *body = request.split(" ", 2)
    return http.request(
        method, path, content="".join(body), timeout=PATIENCE_S if not body else None,
        headers={"Content-Type": "application/json"},
    )


def _words(request: str, response: httpx.Response) -> str:
    """What came back, in a line."""
    status = response.status_code
    if request == "GET /health":
        return f"{status} {response.text}"
    if status != 200:
        return str(status)
    if '"stream"' in request:
        kind = response.headers.get("content-type", "of no type").partition(";")[0]
        said = "|".join(map(_token, read_events([response.content])))
        return f"{status} {kind} {said}"
    answer = json.loads(response.content)
    return f"{status} {answer['text'] if isinstance(answer, dict) else answer}"


def _token(payload: str) -> str:
    return payload if payload == "[DONE]" else str(json.loads(payload)["token"])
