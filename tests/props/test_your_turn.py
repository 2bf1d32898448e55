"""The learner's own version is used, the solution only while there is none."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from statistics import mean, median
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from IPython.core.interactiveshell import InteractiveShell

from lab_utils.engine import Engine
from lab_utils.lessons import n07_so_far
from lab_utils.lessons.n01_checks import (
    MESSAGES,
    TURNS,
    check_app,
    check_take_turns,
)
from lab_utils.lessons.n01_so_far import take_turns
from lab_utils.lessons.n02_checks import (
    ANSWERS,
    CACHES,
    check_cache_bytes,
    check_generate_stream,
)
from lab_utils.lessons.n03_checks import CASES, check_parse
from lab_utils.lessons.n03_ruler import read_events
from lab_utils.lessons.n04_checks import CASES as REQUESTS
from lab_utils.lessons.n04_checks import check_server
from lab_utils.lessons.n04_server import Ask, encode_event, events, make_app
from lab_utils.lessons.n05_checks import Pretended, check_wait
from lab_utils.lessons.n06_checks import CASES as PATIENTS
from lab_utils.lessons.n06_checks import check_diagnose
from lab_utils.lessons.n07_checks import Measure, check_fair_ratio
from lab_utils.lessons.n08_checks import check_admit
from lab_utils.lessons.your_turn import Case, NotYet, check, has_gaps, solution
from lab_utils.timeline import Timeline
from tests.lessons.lesson import Lesson

STUB = "def twice(n):\n    result = ...  # yours\n    return result"
MINE = "def twice(n):\n    return n + n"
SOLUTION = (
    "from lab_utils.lessons.your_turn import solution\n"
    "@solution\ndef twice(n):\n    return 2 * n"
)


@pytest.fixture(scope="module")
def cells() -> Iterator[Callable[..., Any]]:
    """Runs cells in a notebook's namespace; returns what `twice` is then."""
    shell = InteractiveShell.instance()

    def run(*sources: str) -> Any:
        for source in sources:
            shell.run_cell(source).raise_error()
        return shell.user_ns["twice"]

    yield run
    InteractiveShell.clear_instance()


def test_a_gap_is_found_until_it_is_filled(cells: Callable[..., Any]) -> None:
    assert has_gaps(cells(STUB))
    assert has_gaps(cells("async def twice(n): ..."))
    assert not has_gaps(cells(MINE))
    assert not has_gaps(len)


def test_the_solution_fills_in_for_a_function_with_gaps(
    cells: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    twice = cells(STUB, SOLUTION)
    assert twice(4) == 8 and not has_gaps(twice)
    assert cells(SOLUTION) is not twice, "a solution may be edited"
    assert capsys.readouterr().out == ""


def test_the_learner_s_own_stays(
    cells: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    mine = cells(STUB, SOLUTION, MINE)
    assert cells(SOLUTION, SOLUTION) is mine
    assert "twice: yours stays." in capsys.readouterr().out


def test_an_emptied_function_gets_the_solution_again(
    cells: Callable[..., Any]
) -> None:
    assert cells(STUB, SOLUTION, MINE, STUB, SOLUTION)(3) == 6


def test_the_solution_alone_defines_its_function() -> None:
    names: dict[str, Any] = {}
    exec(SOLUTION, names)
    assert names["twice"](2) == 4
    assert solution.__module__ == "lab_utils.lessons.your_turn"


def test_a_check_says_what_it_saw_and_the_idea() -> None:
    cases = [Case(2, 4, "Fine."), Case(3, 6, "Twice means times two.")]
    with pytest.raises(NotYet) as error:
        check(lambda n: 4, cases)
    assert str(error.value).split("\n") == [
        "<lambda> got 3.", "  expected: 6", "  it gave:  4", "Twice means times two.",
    ]
    with pytest.raises(NotYet, match="it gave:  ZeroDivisionError"):
        check(lambda n: n / 0, cases)


def test_a_check_of_gaps_says_where_the_solution_is(cells: Callable[..., Any]) -> None:
    with pytest.raises(NotYet, match=r"twice still has a `\.\.\.` in it"):
        check(cells(STUB), [])


def test_a_notebook_shows_no_traceback() -> None:
    shown: Any = NotYet("Look again.")
    assert shown._render_traceback_() == ["✗ Look again."]


# Notebook 01: take_turns, and an ASGI app


def stays_on_the_list(jobs: list[Iterator[None]]) -> None:
    while jobs:
        first = jobs[0]
        try:
            next(first)
        except StopIteration:
            continue
        jobs.append(first)


def never_comes_back(jobs: list[Iterator[None]]) -> None:
    while jobs:
        next(jobs.pop(0), None)


def last_first(jobs: list[Iterator[None]]) -> None:
    while jobs:
        first = jobs.pop()
        try:
            next(first)
        except StopIteration:
            continue
        jobs.append(first)


def to_its_end(jobs: list[Iterator[None]]) -> None:
    while jobs:
        for _ in jobs.pop(0):
            pass


def one_ends_all(jobs: list[Iterator[None]]) -> None:
    while jobs:
        first = jobs.pop(0)
        try:
            next(first)
        except StopIteration:
            break
        jobs.append(first)


def second_place(jobs: list[Iterator[None]]) -> None:
    while jobs:
        first = jobs.pop(0)
        try:
            next(first)
        except StopIteration:
            continue
        jobs.insert(1, first)


@pytest.mark.parametrize("wrong, idea", [
    (lambda jobs: None, "Take the first job *off* the list"),
    (stays_on_the_list, "Take the first job *off* the list"),
    (never_comes_back, "goes to the *end*"),
    (last_first, "goes to the *end*"),
    (to_its_end, "goes to the *end*"),
    (one_ends_all, "That ends A alone"),
    (second_place, "not to its second place"),
])
def test_each_wrong_loop_is_told_its_idea(
    wrong: Callable[..., Any], idea: str
) -> None:
    assert idea in told(check_take_turns, wrong)


def body(text: bytes, **more: Any) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text, **more}


async def no_end(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    if scope["path"] != "/health":
        await send(body(b"I ", more_body=True))


async def no_await(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    send(body(b""))


async def at_once(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    await send(body(b"" if scope["path"] == "/health" else b"I am here"))


async def no_more(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    if scope["path"] != "/health":
        for word in b"I ", b"am ", b"here":
            await send(body(word))
    await send(body(b""))


async def other_type(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.end"})


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize("wrong, idea", [
    (no_end, "The end is a message, too"),
    (no_await, "without `await`, `send(…)` runs nothing"),
    (other_type, "type `http.response.body`"),
    (at_once, "Each word is a message of its own"),
    (no_more, "without it, it would be the end"),
])
def test_each_wrong_app_is_told_its_idea(wrong: Callable[..., Any], idea: str) -> None:
    assert idea in told(check_app, wrong)


def test_the_loop_and_the_app_of_the_solutions_are_right(
    capsys: pytest.CaptureFixture[str]
) -> None:
    solved = Lesson("01").define("take_turns", "app")
    for each in take_turns, solved["take_turns"]:
        check_take_turns(each)
        assert f"{len(TURNS)} of {len(TURNS)}" in capsys.readouterr().out
    check_app(solved["app"])
    assert f"{len(MESSAGES)} of {len(MESSAGES)}" in capsys.readouterr().out


def told(check: Callable[..., None], wrong: Callable[..., Any]) -> str:
    """What `check` says of `wrong`, in few words."""
    with pytest.raises(NotYet) as error:
        check(wrong)
    assert len(str(error.value).split()) <= 60
    return str(error.value)


# Notebook 02: cache_bytes, and generate_stream


@pytest.mark.parametrize("product, idea", [
    ("layers * heads * size * tokens * bytes_each", "a key *and* a value"),
    ("2 * heads * size * tokens * bytes_each", "Each layer keeps"),
    ("2 * layers * heads * tokens * bytes_each", "A key has `size` numbers"),
    ("2 * layers * heads * size * bytes_each", "Each token leaves its own"),
    ("2 * layers * heads * size * tokens", "Bytes are asked for"),
])
def test_each_wrong_product_is_told_its_idea(product: str, idea: str) -> None:
    names: dict[str, Any] = {}
    exec("def cache_bytes(config, tokens, bytes_each):\n"
         "    layers, heads = config.num_hidden_layers, config.num_key_value_heads\n"
         f"    size = config.head_dim\n    return {product}", names)
    assert idea in told(check_cache_bytes, names["cache_bytes"])


@pytest.fixture(scope="module")
def box() -> dict[str, Any]:
    """What the learner's function is made from."""
    return Lesson("02").define("generate_stream", "push", "tokenizer", "likeliest")


RIGHT = """
def generate_stream(prompt, max_tokens=128):
    new, cache = tokenizer.encode(prompt), None
    for made in range(1, max_tokens + 1):
        logits, cache = push(new, cache)
        new = [likeliest(logits)]
        text, reason = tokenizer.decode(new), None
        if made == max_tokens:
            reason = "length"
        if new[0] == tokenizer.eos_token_id:
            text, reason = "", "stop"
        yield text, new[0], reason
        if reason:
            return
"""


@pytest.mark.parametrize("right, wrong, idea", [
    ("yield text, new[0], reason", "yield text, new, reason", "the id is `new[0]`"),
    ("yield text, new[0], reason", "yield text", "text, id and reason"),
    ("yield text, new[0], reason", "return text, new[0], reason", "One pull, one item"),
    ("        logits, cache = push(new, cache)",
     "        logits, cache = push(new, cache)\n        push(new)", "one pass"),
    ("push(new, cache)", "push(new)", "with the `cache` of the step before"),
    ("reason = \"length\"", "pass", "has the reason `length`"),
    ("made == max_tokens", "made == max_tokens - 1", "has the reason `length`"),
    ("text, reason = \"\", \"stop\"", "reason = \"stop\"", "no text, reason `stop`"),
    ("text, reason = \"\", \"stop\"", "pass", "ends the answer"),
    ("if new[0] ==", "elif new[0] ==", "`stop`, not `length`"),
])
def test_each_wrong_generate_stream_is_told_its_idea(
    box: dict[str, Any], right: str, wrong: str, idea: str
) -> None:
    assert RIGHT.count(right) == 1
    names = dict(box)
    exec(RIGHT.replace(right, wrong), names)
    assert idea in told_of(names["generate_stream"], box)


def told_of(generate_stream: Callable[..., Any], box: dict[str, Any]) -> str:
    return told(
        lambda each: check_generate_stream(each, box["passes"]), generate_stream
    )


def test_an_answer_that_is_made_before_it_is_pulled_is_told_so(
    box: dict[str, Any]
) -> None:
    def all_first(prompt: str, max_tokens: int) -> list[Any]:
        return list(box["generate_stream"](prompt, max_tokens))

    assert "One pull, one item, one pass" in told_of(all_first, box)


def test_the_solutions_of_notebook_02_are_right(
    box: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    check_generate_stream(box["generate_stream"], box["passes"])
    assert f"{len(ANSWERS)} of {len(ANSWERS)}" in capsys.readouterr().out
    check_cache_bytes(Lesson("02").define("cache_bytes")["cache_bytes"])
    assert f"{len(CACHES)} of {len(CACHES)}" in capsys.readouterr().out


# Notebook 03: parse


def by_line(chunks: list[bytes]) -> Iterator[str]:
    for line in b"".join(chunks).decode().split("\n"):
        if line.startswith("data: "):
            yield line[6:]


def one_each(chunks: list[bytes]) -> Iterator[str]:
    for chunk in chunks:
        yield chunk.decode().removeprefix("data: ").strip("\n")


def no_join(chunks: list[bytes]) -> Iterator[str]:
    for chunk in chunks:
        *whole, _ = chunk.split(b"\n\n")
        for event in whole:
            yield event.decode().removeprefix("data: ")


def text_first(chunks: list[bytes]) -> Iterator[str]:
    buffer = ""
    for chunk in chunks:
        buffer += chunk.decode()
        *whole, buffer = buffer.split("\n\n")
        for event in whole:
            yield event.removeprefix("data: ")


def all_line_ends(chunks: list[bytes]) -> Iterator[str]:
    buffer = b""
    for chunk in chunks:
        buffer += chunk
        *whole, buffer = buffer.split(b"\n\n")
        for event in whole:
            yield from (line.removeprefix("data: ")
                        for line in event.decode().splitlines())


@pytest.mark.parametrize("parse, idea", [
    (lambda chunks: [], "stands before a blank line"),
    (one_each, "A read is whatever has arrived"),
    (no_join, "what is left in the buffer stands before the new chunk"),
    (by_line, "stays in the buffer"),
    (text_first, "half a character is no text"),
    (all_line_ends, "`splitlines()` takes it for a line end"),
])
def test_each_wrong_parse_is_told_its_idea(
    parse: Callable[..., Any], idea: str
) -> None:
    assert idea in told(check_parse, parse)


def test_a_right_parse_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    for parse in read_events, Lesson("03").define("parse")["parse"]:
        check_parse(parse)
        assert f"{len(CASES)} of {len(CASES)}" in capsys.readouterr().out


# Notebook 04: make_app


def server(
    whole: Callable[[Engine, Any], Any], stream: Callable[[Engine, Any], Any]
) -> Callable[[Engine], FastAPI]:
    """The reader's `make_app`, with what it does in each mode."""

    def make_app(engine: Engine) -> FastAPI:
        app = FastAPI()

        @app.get("/health")
        async def health() -> dict[str, str]:
            return {"status": "ok"}

        @app.post("/generate", response_model=None)
        async def generate(ask: Ask) -> Any:
            if ask.stream:
                return stream(engine, ask)
            answer = await asyncio.to_thread(whole, engine, ask)
            return answer if isinstance(answer, FastAPI) else answer.as_dict()

        return app

    return make_app


def good(engine: Engine, ask: Ask) -> Any:
    return engine.generate(ask.prompt, ask.max_tokens)


def streamed(engine: Engine, ask: Ask, **more: Any) -> StreamingResponse:
    steps = engine.generate_stream(ask.prompt, ask.max_tokens)
    return StreamingResponse(events(steps), **more)


def right_type(engine: Engine, ask: Ask) -> StreamingResponse:
    return streamed(engine, ask, media_type="text/event-stream")


def all_tokens(engine: Engine, ask: Ask) -> StreamingResponse:
    steps = engine.generate_stream(ask.prompt)
    return StreamingResponse(events(steps), media_type="text/event-stream")


def pulled(engine: Engine, ask: Ask) -> StreamingResponse:
    async def frozen() -> AsyncIterator[bytes]:
        for token in engine.generate_stream(ask.prompt, ask.max_tokens):
            yield encode_event(token.event())
        yield encode_event("[DONE]")

    return StreamingResponse(frozen(), media_type="text/event-stream")


def on_the_loop(engine: Engine) -> FastAPI:
    app = server(good, right_type)(engine)
    other = FastAPI()

    @other.post("/generate", response_model=None)
    async def generate(ask: Ask) -> Any:
        if ask.stream:
            return right_type(engine, ask)
        return good(engine, ask).as_dict()

    app.router.routes[-1:] = [other.router.routes[-1]]
    return app


def without_health(engine: Engine) -> FastAPI:
    return FastAPI()


def not_checked(engine: Engine) -> FastAPI:
    app = server(good, right_type)(engine)
    other = FastAPI()

    @other.post("/generate", response_model=None)
    async def generate(body: dict[str, Any]) -> Any:
        ask = Ask.model_construct(**{"max_tokens": 128, "stream": False} | body)
        if ask.stream:
            return right_type(engine, ask)
        if not ask.prompt:
            return {"text": ""}
        return (await asyncio.to_thread(good, engine, ask)).as_dict()

    app.router.routes[-1:] = [other.router.routes[-1]]
    return app


@pytest.mark.parametrize("wrong, idea", [
    (without_health, "`health` returns a dict"),
    (server(lambda engine, ask: None, right_type), "the whole answer is one JSON"),
    (server(good, streamed), "its media type says what it carries"),
    (server(good, lambda engine, ask: ...), "a StreamingResponse around"),
    (server(lambda engine, ask: engine.generate(ask.prompt), right_type),
     "give `*asked` to `engine.generate`"),
    (server(good, all_tokens), "give `*asked` to `generate_stream`"),
    (not_checked, "keep `ask: Ask`"),
    (on_the_loop, "`engine.generate` runs on its thread"),
    (server(good, pulled), "a step runs on its thread"),
])
def test_each_wrong_server_is_told_its_idea(
    wrong: Callable[[Engine], FastAPI], idea: str
) -> None:
    logging.disable(logging.CRITICAL)  # some fail
    try:
        with pytest.raises(NotYet) as told:
            check_server(wrong)
    finally:
        logging.disable(logging.NOTSET)
    assert idea in str(told.value)
    assert len(str(told.value).split()) <= 60


def test_a_right_server_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    for right in make_app, Lesson("04").define("make_app")["make_app"]:
        check_server(right)
        assert f"{len(REQUESTS)} of {len(REQUESTS)}" in capsys.readouterr().out


# Notebook 06: diagnose


def by(
    *, left: bool = True, dead_first: bool = True, late: float = 1 / 3,
    keeper: str = "buffered", queue: str = "queued",
) -> Callable[[Timeline], str]:
    """A `diagnose`, right as it is; what is given breaks one of its looks."""

    def diagnose(run: Timeline) -> str:
        if left and run.left is not None:
            return "cancelled"
        is_late = run.arrivals[0] > (run.ended or 0) * late
        if dead_first and median(run.waits_ms) > 200 * (run.ended or 0):
            return "blocking" if is_late else "frozen"
        if is_late and run.arrivals[-1] == run.arrivals[0]:
            return keeper
        return queue if is_late else "streaming"

    return diagnose


def by_milliseconds(run: Timeline) -> str:
    return "cancelled" if run.left or (run.ttft_ms or 0) > 500 else by()(run)


@pytest.mark.parametrize("diagnose, idea", [
    (by(left=False), "The reader left"),
    (by(dead_first=False), "only the pings can tell"),
    (by(late=2), "`/health` is dead all the while"),
    (by(keeper="blocking"), "somebody kept them"),
    (by(queue="blocking"), "then the tokens came one by one"),
    (by_milliseconds, "nothing is wrong"),
])
def test_each_wrong_diagnosis_is_told_its_idea(
    diagnose: Callable[[Timeline], str], idea: str
) -> None:
    assert idea in told(check_diagnose, diagnose)


def test_a_right_diagnosis_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    for diagnose in by(), Lesson("06").define("diagnose")["diagnose"]:
        check_diagnose(diagnose)
        assert f"{len(PATIENTS)} of {len(PATIENTS)}" in capsys.readouterr().out


# Notebook 08: admit

Names = list[int]


def static(waiting: Names, running: Names, slots: int) -> None:
    while waiting and not running:
        running += waiting[:slots]
        del waiting[:slots]


def everybody(waiting: Names, running: Names, slots: int) -> None:
    running += waiting
    waiting.clear()


def newest(waiting: Names, running: Names, slots: int) -> None:
    while waiting and len(running) < slots:
        running.append(waiting.pop())


def twice(waiting: Names, running: Names, slots: int) -> None:
    running += waiting[:slots - len(running)]


def lost(waiting: Names, running: Names, slots: int) -> None:
    while waiting and len(running) < slots:
        running.append(waiting.pop(0))
    waiting.clear()


def pushed_out(waiting: Names, running: Names, slots: int) -> None:
    while waiting:
        if len(running) == slots:
            waiting.append(running.pop(0))
            break
        running.append(waiting.pop(0))


def nobody(waiting: Names, running: Names, slots: int) -> None:
    return


def gap(waiting: Names, running: Names, slots: int) -> None:
    while ...:
        break


@pytest.mark.parametrize("admit, idea", [
    (static, "that is static batching"),
    (everybody, "9 run in 8 slots"),
    (newest, "which came first"),
    (twice, "somebody is twice"),
    (lost, "is in neither list"),
    (pushed_out, "stays until it has ended"),
    (nobody, "nobody joins"),
    (gap, "still has a `...`"),
])
def test_each_wrong_admit_is_told_its_idea(
    admit: Callable[[Names, Names, int], None], idea: str
) -> None:
    assert idea in told(check_admit, admit)


def test_a_right_admit_may_be_written_otherwise() -> None:
    def sliced(waiting: Names, running: Names, slots: int) -> None:
        free = slots - len(running)
        running.extend(waiting[:free])
        waiting[:] = waiting[free:]

    check_admit(sliced)


# Notebook 07: fair_ratio


def first_all_of_a(a: Measure, b: Measure, rounds: int) -> float:
    a(), b()
    ours = [a() for _ in range(rounds)]
    return median(ours) / median(b() for _ in range(rounds))


def not_warm(a: Measure, b: Measure, rounds: int) -> float:
    return median(a() / b() for _ in range(rounds))


def the_mean(a: Measure, b: Measure, rounds: int) -> float:
    a(), b()
    return float(mean(a() / b() for _ in range(rounds)))


def upside_down(a: Measure, b: Measure, rounds: int) -> float:
    return 1 / n07_so_far.fair_ratio(a, b, rounds)


def nothing(a: Measure, b: Measure, rounds: int) -> float:
    return None  # type: ignore[return-value]


@pytest.mark.parametrize("ratio, idea", [
    (first_all_of_a, "Take turns"),
    (not_warm, "pays for loading"),
    (the_mean, "Take the median"),
    (upside_down, "yours says 0.50"),
    (nothing, "yours says None"),
])
def test_each_wrong_ratio_is_told_its_idea(
    ratio: Callable[[Measure, Measure, int], float], idea: str
) -> None:
    assert idea in told(check_fair_ratio, ratio)


def test_a_right_ratio_may_be_one_of_two_medians() -> None:
    def of_medians(a: Measure, b: Measure, rounds: int) -> float:
        a(), b()
        pairs = [(a(), b()) for _ in range(rounds)]
        ours, theirs = zip(*pairs, strict=True)
        return float(median(ours) / median(theirs))

    check_fair_ratio(of_medians)


# Notebook 05: wait

Errors = Sequence[BaseException]


def looks_once(server: Pretended, thread: Pretended, errors: Errors) -> None:
    if not server.started and not thread.is_alive():
        raise RuntimeError(f"not started: {errors}")


def never_looks(server: Pretended, thread: Pretended, errors: Errors) -> None:
    while not server.started:
        thread.join(0.01)


def impatient(server: Pretended, thread: Pretended, errors: Errors) -> None:
    while not server.started:
        raise RuntimeError(f"not started: {errors}")


def silent(server: Pretended, thread: Pretended, errors: Errors) -> None:
    while not server.started and thread.is_alive():
        thread.join(0.01)


def without_reason(server: Pretended, thread: Pretended, errors: Errors) -> None:
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("not started")


def too_long(server: Pretended, thread: Pretended, errors: Errors) -> None:
    while thread.is_alive():
        thread.join(0.01)
    raise RuntimeError(f"not started: {errors}")


@pytest.mark.parametrize("wait, idea", [
    (looks_once, "before the server had started"),
    (never_looks, "waits for ever"),
    (impatient, "Raise only when the thread has ended"),
    (silent, "as if all was well"),
    (without_reason, "does not say why"),
    (too_long, "it still waits"),
])
def test_each_wrong_wait_is_told_its_idea(
    wait: Callable[[Pretended, Pretended, Errors], None], idea: str
) -> None:
    assert idea in told(check_wait, wait)


def test_a_right_wait_may_be_written_otherwise() -> None:
    def for_ever(server: Pretended, thread: Pretended, errors: Errors) -> None:
        while True:
            if server.started:
                return
            if not thread.is_alive():
                raise RuntimeError(*errors)

    check_wait(for_ever)
    check_wait(Lesson("05").define("wait")["wait"])
