"""The servers that the lab is measured against, with exactly the traits they show."""

import json
import socket
import subprocess
import sys

import httpx
import pytest

from lab_utils.baselines import create_flask_app, tutorial_server
from lab_utils.baselines.tutorial_server import create_tutorial_app
from lab_utils.engine import FakeEngine
from tests.support import (
    Serve,
    Served,
    endless,
    events_of,
    raw,
    read_until,
    request_bytes,
    wait_until,
)


@pytest.mark.parametrize("make_app", [create_flask_app, create_tutorial_app])
def test_they_speak_the_same_formats_as_the_lab(serve: Serve, make_app: object) -> None:
    engine = FakeEngine("a b c")
    served = serve(make_app(engine))  # type: ignore[operator]
    answer = served.client.generate("hi", max_tokens=2, temperature=0)
    assert answer.text == "a b" and answer.finish_reason == "length"
    assert [token.text for token in served.client.stream("hi")] == ["a", " b", " c"]
    assert served.client.health()["model"] == "fake"


def test_the_tutorials_stream_ends_with_done(serve: Serve) -> None:
    served = serve(create_tutorial_app(FakeEngine("a b")))
    first, last, done = events_of(served.post(stream=True).text)
    assert "prefill_time_ms" in first and last["finish_reason"] == "stop"
    assert done == "[DONE]"


def test_flask_streams_token_by_token(serve: Serve) -> None:
    engine = FakeEngine("a b c", hang_at=1)
    served = serve(create_flask_app(engine))
    tokens = served.client.stream("hi")
    assert next(tokens).text == "a" and engine.made == 1
    engine.unhang()
    assert [token.text for token in tokens] == [" b", " c"]


def health_request() -> bytes:
    return request_bytes(b"", "/health", "GET")


def steps_until_health(served: Served, engine: FakeEngine, streams: int) -> int:
    """Open `streams` long answers, ask for `/health`, count the steps meanwhile."""
    body = request_bytes({"prompt": "hi", "stream": True})
    socks = [raw(served.url, body) for _ in range(streams)]
    entered = [sock.__enter__() for sock in socks]
    try:
        wait_until(lambda: engine.made >= streams, "all have begun")
        made = engine.made
        with raw(served.url, health_request()) as health:
            read_until(health, b"\r\n")
        steps = engine.made - made
        for sock in entered:
            read_until(sock, b"[DONE]")
        return steps
    finally:
        for sock in entered:
            sock.close()


@pytest.mark.timed
@pytest.mark.parametrize(("threads", "streams", "waits"), [
    (1, 1, True), (4, 1, False), (4, 4, True), (4, 3, False),
])
def test_flask_answers_others_only_with_a_thread_to_spare(
    serve: Serve, threads: int, streams: int, waits: bool
) -> None:
    engine = FakeEngine(["x "] * 60, step_ms=5)
    served = serve(create_flask_app(engine), threads=threads)
    steps = steps_until_health(served, engine, streams)
    # It waits for an answer to end, 60 steps; or for nothing, a few steps.
    assert (steps > 45) == waits, f"/health took {steps} steps"


@pytest.mark.timed
def test_the_tutorials_server_answers_others_at_once(serve: Serve) -> None:
    engine = FakeEngine(["x "] * 60, step_ms=5)
    served = serve(create_tutorial_app(engine))
    assert steps_until_health(served, engine, 1) < 45


def test_flask_makes_every_token_for_a_client_that_left(serve: Serve) -> None:
    engine = FakeEngine(["x "] * 40, step_ms=2)
    served = serve(create_flask_app(engine))
    with raw(served.url, request_bytes({"prompt": "hi"})):
        wait_until(lambda: engine.made > 0, "it has begun")
    wait_until(lambda: engine.made == 40, "all 40 were made")


def test_flask_stops_streaming_to_a_client_that_left(serve: Serve) -> None:
    engine = endless()
    served = serve(create_flask_app(engine))
    body = request_bytes({"prompt": "hi", "max_tokens": 90_000, "stream": True})
    with raw(served.url, body) as sock:
        read_until(sock, b"data:")
    assert served.client.health()["status"] == "ok", "the one thread is free again"


@pytest.mark.parametrize("body", [
    {"prompt": ""}, {"prompt": "hi", "max_tokens": 0}, {"prompt": "hi", "x": 1}, {},
    {"prompt": "x" * 5000}, {"prompt": "x" * 5000, "stream": True},
])
def test_flask_refuses_what_the_lab_refuses(
    serve: Serve, body: dict[str, object]
) -> None:
    served = serve(create_flask_app(FakeEngine()))
    response = served.http.post("/generate", json=body)
    assert response.status_code == 400
    assert json.loads(response.text)["error"]


PROGRAM = [[tutorial_server.__file__], ["-m", "lab_utils.baselines.tutorial_server"]]


@pytest.mark.program
@pytest.mark.parametrize("program", PROGRAM, ids=["file", "module"])
def test_the_tutorials_demo_shows_one_answer_in_both_modes(program: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", *program, "--demo"],
        capture_output=True, text=True, timeout=120,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    prompt, answer, whole, again, streamed = [
        part for part in done.stdout.split("\n") if part
    ]
    assert prompt == "> Tell me a story." and answer == again
    assert whole.startswith("stream=false: ") and streamed.startswith("stream=true: ")


@pytest.mark.program
def test_the_tutorials_server_is_a_program_that_serves_on_the_port_it_is_told(
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, tutorial_server.__file__, "--port", str(port)],
        stderr=subprocess.PIPE, text=True,
    )
    try:
        assert server.stderr is not None
        said = ""
        while f"http://127.0.0.1:{port}" not in said:
            said = server.stderr.readline()
            assert said, "it ended before it served"
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            body = {"prompt": "What is 2 + 2?", "temperature": 0}
            whole = http.post("/generate", json=body).json()
            stream = http.post("/generate", json={**body, "stream": True})
            assert http.get("/docs").status_code == 200
        *events, done = events_of(stream.text)
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert "".join(e["token"] for e in events) == whole["text"]
        assert whole["text"] == "The answer is 4." and done == "[DONE]"
    finally:
        server.terminate()
        server.communicate(timeout=10)


def test_its_port_is_5000_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[dict[str, object]] = []
    monkeypatch.setattr("uvicorn.run", lambda app, **options: served.append(options))
    tutorial_server.main([])
    tutorial_server.main(["--port", "7"])
    assert [options["port"] for options in served] == [5000, 7]
