"""What lesson 04 builds by hand behaves as what the library has in its place."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from time import perf_counter, sleep
from typing import Any

import httpx
import pytest

from lab_utils import BackgroundServer, LabClient, load_engine
from lab_utils.baselines.tutorial_server import create_tutorial_app
from lab_utils.engine import Engine, FakeEngine
from lab_utils.lessons import n04_loops as loops
from lab_utils.lessons.n04_heartbeat import beat
from lab_utils.lessons.n04_server import make_app
from lab_utils.runners import ExecutorRunner, Limits, Runner, ThreadRunner
from lab_utils.tokens import SamplingParams
from tests.lessons.lesson import Lesson
from tests.support import wait_until

Tokens = Callable[[Engine, str], AsyncIterator[Any]]

BY_HAND = ["blocking", "awaiting", "polite", "in_executor", "from_thread"]


@pytest.fixture
def lesson() -> Iterator[dict[str, Any]]:
    """The lesson's definitions, with its engine's thread running."""
    names = Lesson("04").define(
        "beat", *BY_HAND, "run_engine", "jobs"
    )
    thread = threading.Thread(target=names["run_engine"], daemon=True)
    thread.start()
    names["thread"] = thread
    yield names
    names["jobs"].put(None)
    thread.join(2)
    assert not thread.is_alive()


async def texts(stream: AsyncIterator[Any]) -> list[str]:
    return [token.text async for token in stream]


async def by_runner(runner: Runner, prompt: str) -> list[str]:
    stream = await runner.start().submit(
        prompt, SamplingParams(temperature=0), Limits()
    )
    try:
        return [token.text async for token in stream]
    finally:
        stream.cancel()
        await asyncio.to_thread(runner.stop)


@pytest.mark.parametrize("name", BY_HAND)
@pytest.mark.parametrize("kind", [ExecutorRunner, ThreadRunner])
def test_it_streams_what_the_runners_stream(
    lesson: dict[str, Any], name: str, kind: type[ExecutorRunner] | type[ThreadRunner]
) -> None:
    engine = FakeEngine("a few words and no more")
    mine = asyncio.run(texts(lesson[name](engine, "Go")))
    theirs = asyncio.run(by_runner(kind(engine), "Go"))
    assert mine == theirs == engine.pieces


@pytest.mark.parametrize("name", ["in_executor", "from_thread"])
def test_it_streams_a_real_models_answer(lesson: dict[str, Any], name: str) -> None:
    class Greedy:
        def generate_stream(self, prompt: str) -> Iterator[Any]:
            return tutor.generate_stream(prompt, temperature=0)

    tutor, prompt = load_engine("tutor"), "What is 2 + 2?"
    mine = asyncio.run(texts(lesson[name](Greedy(), prompt)))
    theirs = asyncio.run(by_runner(ThreadRunner(tutor), prompt))
    assert mine == theirs
    assert "".join(mine) == "The answer is 4."


@pytest.mark.parametrize("name", ["blocking", "polite", "in_executor"])
def test_the_library_has_the_same_loops(lesson: dict[str, Any], name: str) -> None:
    engine = FakeEngine("one two three")
    theirs: Tokens = getattr(loops, name)
    assert asyncio.run(texts(theirs(engine, "Go"))) == asyncio.run(
        texts(lesson[name](engine, "Go"))
    )


@pytest.mark.parametrize("name", BY_HAND)
def test_two_readers_each_get_their_own_answer(
    lesson: dict[str, Any], name: str
) -> None:
    engine = FakeEngine("one two three four", step_ms=1)

    async def two() -> list[list[str]]:
        return await asyncio.gather(*(texts(lesson[name](engine, "Go")) for _ in "ab"))

    assert asyncio.run(two()) == [engine.pieces, engine.pieces]


@pytest.mark.parametrize("name", BY_HAND)
def test_an_error_ends_one_answer_only(lesson: dict[str, Any], name: str) -> None:
    weak, good = FakeEngine("a b c d", fail_at=2), FakeEngine("a b c d")

    async def both() -> tuple[list[str], list[str]]:
        read = []
        with pytest.raises(RuntimeError, match="told to fail"):
            async for token in lesson[name](weak, "Go"):
                read.append(token.text)
        return read, await texts(lesson[name](good, "Go"))

    assert asyncio.run(both()) == (["a", " b"], ["a", " b", " c", " d"])
    assert lesson["thread"].is_alive()


@pytest.mark.parametrize("name", ["in_executor", "from_thread"])
def test_leaving_costs_one_step_at_most(lesson: dict[str, Any], name: str) -> None:
    engine = FakeEngine(["tick "] * 60, step_ms=10)

    async def leave() -> None:
        async with aclosing(lesson[name](engine, "Go")) as tokens:
            for _ in range(5):
                await anext(tokens)
        await asyncio.sleep(0.1)

    asyncio.run(leave())
    assert 5 <= engine.made <= 7  # what was made before the reader read the fifth


@pytest.mark.timed
def test_the_engine_thread_is_free_for_the_next_when_a_reader_has_left(
    lesson: dict[str, Any],
) -> None:
    slow, next_one = FakeEngine(["tick "] * 500, step_ms=10), FakeEngine("a b")

    async def leave_and_come() -> float:
        async with aclosing(lesson["from_thread"](slow, "Go")) as tokens:
            await anext(tokens)
        begun = perf_counter()
        assert await texts(lesson["from_thread"](next_one, "Go")) == ["a", " b"]
        return perf_counter() - begun

    assert asyncio.run(leave_and_come()) < 2.5  # the rest would take 5 s


def test_all_steps_are_taken_by_the_engine_thread(lesson: dict[str, Any]) -> None:
    threads = set()
    engine = FakeEngine("a b c", on_step=lambda _: threads.add(threading.get_ident()))
    asyncio.run(texts(lesson["from_thread"](engine, "Go")))
    assert threads == {lesson["thread"].ident}


@pytest.mark.timed
def test_the_heart_beats_as_the_librarys(lesson: dict[str, Any]) -> None:
    async def beats(of: Callable[[list[Any]], Any]) -> list[tuple[float, float]]:
        found: list[tuple[float, float]] = []
        heart = asyncio.create_task(of(found))
        await asyncio.sleep(0.3)
        heart.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await heart
        return found

    for found in (asyncio.run(beats(of)) for of in (beat, lesson["beat"])):
        assert 3 <= len(found) <= 15
        assert all(came >= due for due, came in found)


def test_a_reader_whose_loop_is_closed_has_left_and_the_thread_lives(
    lesson: dict[str, Any],
) -> None:
    slow, next_one = FakeEngine(["tick "] * 500, step_ms=5), FakeEngine("a b")
    jobs = lesson["jobs"]

    async def begin() -> Any:
        job = lesson["run_engine"].__globals__["Job"](slow.generate_stream("Go"))
        jobs.put(job)
        await job.items.get()
        return job

    job = asyncio.run(begin())  # nobody says goodbye
    assert asyncio.run(texts(lesson["from_thread"](next_one, "Go"))) == ["a", " b"]
    assert job.left and slow.made < 500
    assert lesson["thread"].is_alive()


def test_who_leaves_before_its_turn_costs_no_step(lesson: dict[str, Any]) -> None:
    engine, globals_ = FakeEngine("a b"), lesson["run_engine"].__globals__

    async def leave() -> None:
        job = globals_["Job"](engine.generate_stream("Go"))
        job.left = True
        globals_["work"](job)

    asyncio.run(leave())
    assert engine.made == 0


def test_a_generator_that_a_thread_is_inside_of_cannot_be_closed() -> None:
    begun = threading.Event()
    engine = FakeEngine("a b", hang_at=0, on_step=lambda _: begun.set())
    steps = engine.generate_stream("Go")
    with ThreadPoolExecutor(1) as pool:
        inside = pool.submit(next, steps)
        assert begun.wait(2)
        with pytest.raises(ValueError, match="already executing"):
            steps.close()
        engine.unhang()
        assert inside.result(2).text == "a"


def test_a_lock_in_a_generator_takes_all_threads_of_the_pool() -> None:
    lock = threading.Semaphore(1)

    def locked() -> Iterator[int]:
        with lock:
            yield from range(3)

    pool, one, two = ThreadPoolExecutor(1), locked(), locked()
    assert pool.submit(next, one).result(2) == 0
    waiting = pool.submit(next, two)
    with pytest.raises(TimeoutError):
        pool.submit(next, one).result(0.2)
    assert not waiting.done()
    lock.release()
    pool.shutdown()


@pytest.mark.timed
def test_between_two_steps_a_beat_waits_for_the_rest_of_one_and_two_more() -> None:
    step_s = 0.05

    async def steps() -> None:
        for _ in range(8):
            sleep(step_s)
            await asyncio.sleep(0)

    async def lateness() -> float:
        stepping = asyncio.create_task(steps())
        due = perf_counter() + 0.4 * step_s  # in the middle of a step
        await asyncio.sleep(0.4 * step_s)
        late = perf_counter() - due
        await stepping
        return late

    assert asyncio.run(lateness()) > 2 * step_s


def test_a_limit_on_waiting_does_not_end_the_step_that_is_waited_for() -> None:
    engine = FakeEngine("a b", hang_at=0)
    steps = engine.generate_stream("Go")

    async def impatient(pool: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(loop.run_in_executor(pool, next, steps), 0.1)

    with ThreadPoolExecutor(1) as pool:
        asyncio.run(impatient(pool))
        assert engine.made == 0
        engine.unhang()
    assert engine.made == 1


# The whole server


@pytest.fixture(params=["lesson", "library"])
def mine(request: pytest.FixtureRequest) -> Callable[[Engine], Any]:
    """What builds the server: the lesson's own, and what a later lesson may take."""
    if request.param == "library":
        return make_app
    made: Callable[[Engine], Any] = Lesson("04").define("make_app")["make_app"]
    return made


def test_it_answers_as_the_tutorials_in_both_modes(
    mine: Callable[[Engine], Any],
) -> None:
    engine = load_engine("tutor", dtype="float32")
    told = []
    for app in mine(engine), create_tutorial_app(engine):
        with BackgroundServer(app) as server, LabClient(server.url) as client:
            whole = client.generate("What is 2 + 2?", temperature=0)
            tokens = list(client.stream("What is 2 + 2?", temperature=0))
            told.append((whole.text, [(t.text, t.token_id) for t in tokens]))
    assert told[0] == told[1] and told[0][0] == "The answer is 4."


EMPTY = {"prompt": ""}


def test_it_refuses_an_empty_prompt_with_422(mine: Callable[[Engine], Any]) -> None:
    with BackgroundServer(mine(FakeEngine())) as server:
        for body in EMPTY, {**EMPTY, "stream": True}:
            url = f"{server.url}/generate"
            refused = httpx.post(url, json=body, trust_env=False)
            assert refused.status_code == 422
            assert refused.json()["detail"][0]["loc"] == ["body", "prompt"]


def test_the_engine_refuses_at_the_call() -> None:
    with pytest.raises(ValueError, match="prompt"):
        FakeEngine().generate_stream("")


def test_the_long_prompt_has_120_tokens() -> None:
    prompt = Lesson("04").define("prompt")["prompt"]
    assert len(load_engine("tutor").encode(prompt)) == 120


def test_the_tutorials_says_500_or_200_to_an_empty_prompt() -> None:
    with BackgroundServer(create_tutorial_app(FakeEngine())) as server:
        url = f"{server.url}/generate"
        assert httpx.post(url, json=EMPTY, trust_env=False).status_code == 500
        with httpx.stream("POST", url, json={**EMPTY, "stream": True},
                          trust_env=False) as broken:
            assert broken.status_code == 200
            with pytest.raises(httpx.RemoteProtocolError):
                broken.read()


def test_a_failing_engine_breaks_the_stream_off_without_done(
    mine: Callable[[Engine], Any],
) -> None:
    with BackgroundServer(mine(FakeEngine(fail_at=2))) as server:
        came = b""
        with (httpx.stream("POST", f"{server.url}/generate",
                           json={"prompt": "Hi", "stream": True},
                           trust_env=False) as response,
              pytest.raises(httpx.RemoteProtocolError)):
            for part in response.iter_raw():
                came += part
    assert came.count(b"data: ") == 2 and b"[DONE]" not in came


def test_who_leaves_a_whole_answer_does_not_end_it(
    mine: Callable[[Engine], Any],
) -> None:
    begun = threading.Event()
    engine = FakeEngine(["tick "] * 20, step_ms=10, on_step=lambda _: begun.set())
    with BackgroundServer(mine(engine)) as server:
        with pytest.raises(httpx.TimeoutException):
            httpx.post(f"{server.url}/generate", json={"prompt": "Hi"},
                       timeout=0.05, trust_env=False)
        assert begun.wait(2)
        wait_until(lambda: engine.made == 20, "all 20 were made")


def test_it_is_described_for_programs_and_for_people(
    mine: Callable[[Engine], Any],
) -> None:
    with BackgroundServer(mine(FakeEngine())) as server:
        described = httpx.get(f"{server.url}/openapi.json", trust_env=False).json()
        page = httpx.get(f"{server.url}/docs", trust_env=False)
    assert "/generate" in described["paths"]
    assert page.status_code == 200 and "swagger" in page.text
