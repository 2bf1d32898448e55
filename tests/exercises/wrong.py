"""Typical wrong answers, by exercise, each with words that its message must have."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from socket import create_server
from statistics import mean, median
from typing import Any, TypeVar

import httpx
import uvicorn

from lab_utils.server import BackgroundServer
from tests.exercises import right

Answer = TypeVar("Answer", bound=Callable[..., Any])
Wrongs = dict[str, list[tuple[Any, str]]]
WRONG: Wrongs = {}


def turned_away(number: str, words: str) -> Callable[[Answer], Answer]:
    """Marks a function as a wrong answer to exercise `number`."""

    def mark(function: Answer) -> Answer:
        WRONG.setdefault(number, []).append((function, words))
        return function

    return mark


@turned_away("1.1", "whole or as made")
def every_flask_is_dead_and_late() -> Any:
    return {shape: (False, False) if "Flask" in shape else boxes
            for shape, boxes in right.predict().items()}


@turned_away("1.1", "FastAPI, async def, whole")
def every_async_def_lives() -> Any:
    return {shape: (early, alive or "async" in shape)
            for shape, (early, alive) in right.predict().items()}


@turned_away("1.1", "/health waited")
def streamed_means_alive() -> Any:
    return {shape: (early, alive or "as made" in shape)
            for shape, (early, alive) in right.predict().items()}


@turned_away("1.2", "The body was str")
async def text_instead_of_bytes(scope: Any, receive: Any, send: Any) -> None:
    found = scope["path"] == "/health"
    await send({"type": "http.response.start", "status": 200 if found else 404,
                "headers": []})
    await send({"type": "http.response.body", "body": "ok"})


@turned_away("1.2", "nothing was sent")
async def without_await(scope: Any, receive: Any, send: Any) -> None:
    for message in ({"type": "http.response.start", "status": 200},
                    {"type": "http.response.body", "body": b"ok"}):
        send(message).close()


@turned_away("1.2", "/nope got 200")
async def two_hundred_for_all(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


@turned_away("1.3", "only when C exists")
async def all_in_one(scope: Any, receive: Any, send: Any, pause: Any) -> None:
    for _ in range(3):
        await pause()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ABC"})


@turned_away("1.3", "True says that more will come")
async def without_more_body(scope: Any, receive: Any, send: Any, pause: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for piece in (b"A", b"B", b"C"):
        await pause()
        await send({"type": "http.response.body", "body": piece})


@turned_away("1.3", "gives the loop back")
async def sleeps(scope: Any, receive: Any, send: Any, pause: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for piece in (b"A", b"B", b"C"):
        time.sleep(0.1)
        await send({"type": "http.response.body", "body": piece,
                    "more_body": piece != b"C"})


@turned_away("1.4", "You say 40")
def says_forty(url: str) -> int:
    return 40


@turned_away("1.4", "keep them open")
def one_after_another(url: str) -> int:
    count = 0
    while count < 4:
        with (httpx.Client(base_url=url, trust_env=False) as web,
              web.stream("GET", "/stream") as answer):
            next(answer.iter_raw())
            count += 1
    return count


@turned_away("1.4", "still open afterwards")
def leaves_them_open(url: str) -> int:
    web = httpx.Client(base_url=url, trust_env=False)
    kept.append(web)
    opened = 0
    while True:
        try:
            web.get("/health", timeout=0.5)
        except httpx.TimeoutException:
            return opened
        kept.append(web.send(web.build_request("GET", "/stream"), stream=True))
        opened += 1


kept: list[Any] = []
"""To be closed after each."""


@turned_away("2.1", "pull everything")
def list_of_all(gen: Any, n: int) -> Any:
    return list(gen)[:n]


@turned_away("2.1", "6 steps for 5 tokens")
def looks_too_late(gen: Any, n: int) -> Any:
    items: list[int] = []
    for item in gen:
        if len(items) == n:
            break
        items.append(item)
    return items


@turned_away("2.1", "must not touch")
def zero_pulls_one(gen: Any, n: int) -> Any:
    items = []
    for item in gen:
        items.append(item)
        if len(items) >= n:
            break
    return items[:n]


@turned_away("2.2", "feed the prompt once")
def whole_text_with_cache(step: Any, prompt_ids: Any, n: int, eos: int) -> Any:
    ids, cache = list(prompt_ids), None
    for _ in range(n):
        logits, cache = step(ids, cache)
        ids.append(logits.index(max(logits)))
    return ids[len(prompt_ids):]


@turned_away("2.2", "staircase")
def without_the_cache(step: Any, prompt_ids: Any, n: int, eos: int) -> Any:
    ids = list(prompt_ids)
    for _ in range(n):
        logits, _cache = step(ids, None)
        ids.append(logits.index(max(logits)))
        if ids[-1] == eos:
            break
    return ids[len(prompt_ids):]


@turned_away("2.2", "logits that nobody reads")
def one_pass_too_many(step: Any, prompt_ids: Any, n: int, eos: int) -> Any:
    made: list[int] = []
    logits, cache = step(prompt_ids, None)
    while len(made) < n and made[-1:] != [eos]:
        made.append(logits.index(max(logits)))
        logits, cache = step(made[-1:], cache)
    return made


@turned_away("2.2", "EOS came third")
def goes_on_after_eos(step: Any, prompt_ids: Any, n: int, eos: int) -> Any:
    return right.decode_greedy(step, prompt_ids, n, -1)


@turned_away("2.3", "The first item came after")
def a_list_first(step: Any, tokenizer: Any, prompt: str, max_tokens: int) -> Any:
    yield from list(right.generate_stream(step, tokenizer, prompt, max_tokens))


@turned_away("2.3", "keep what is not finished yet")
def each_id_alone(step: Any, tokenizer: Any, prompt: str, max_tokens: int) -> Any:
    new, cache = tokenizer.encode(prompt), None
    for made in range(1, max_tokens + 1):
        logits, cache = step(new, cache)
        new = [logits.index(max(logits))]
        end = new[0] == tokenizer.eos_token_id
        reason = "stop" if end else "length" if made == max_tokens else None
        yield {"token": tokenizer.decode(new), "finish_reason": reason}
        if reason:
            return


@turned_away("2.3", "still held back")
def never_flushed(step: Any, tokenizer: Any, prompt: str, max_tokens: int) -> Any:
    for item in right.generate_stream(step, tokenizer, prompt, max_tokens):
        yield item | {"token": item["token"].replace("\ufffd", "")}


@turned_away("2.3", "Only the last item has one")
def always_length(step: Any, tokenizer: Any, prompt: str, max_tokens: int) -> Any:
    for item in right.generate_stream(step, tokenizer, prompt, max_tokens):
        yield item | {"finish_reason": item["finish_reason"] and "length"}


@turned_away("2.4", "each is whole characters")
def ascii_only() -> Any:
    return "unbelievable", "b"


@turned_away("2.4", "nobody broke it")
def the_sign_itself() -> Any:
    return "a \ufffd b", "b"


@turned_away("2.4", "You chose 'a'")
def another_reason() -> Any:
    return "a 😀", "a"


@turned_away("3.1", "no parser delivered anything")
def one_line_end(payload: Any) -> bytes:
    return f"data: {json.dumps(payload)}\n".encode()


@turned_away("3.1", "not JSON")
def as_python(payload: Any) -> bytes:
    return f"data: {payload}\n\n".encode()


@turned_away("3.1", "did not come back")
def glued_by_hand(payload: dict[str, str]) -> bytes:
    return ('data: {"token": "' + payload["token"] + '"}\n\n').encode()


@turned_away("3.1", "sockets take bytes")
def as_text(payload: Any) -> Any:
    return f"data: {json.dumps(payload)}\n\n"


@turned_away("3.2", "A read is whatever has arrived")
def a_chunk_is_an_event(chunks: Any) -> Any:
    for chunk in chunks:
        yield chunk.decode().removeprefix("data: ").rstrip("\n")


@turned_away("3.2", "goes through a character")
def decodes_chunks(chunks: Any) -> Any:
    buffer = ""
    for chunk in chunks:
        *events, buffer = (buffer + chunk.decode()).split("\n\n")
        yield from (event.removeprefix("data: ") for event in events)


@turned_away("3.2", "no line end here")
def splits_lines(chunks: Any) -> Any:
    buffer = b""
    for chunk in chunks:
        *events, buffer = (buffer + chunk).split(b"\n\n")
        for event in events:
            yield event.decode().splitlines()[0].removeprefix("data: ")


@turned_away("3.2", "*one* space")
def strips(chunks: Any) -> Any:
    buffer = b""
    for chunk in chunks:
        *events, buffer = (buffer + chunk).split(b"\n\n")
        for event in events:
            lines = [line[5:].strip() for line in event.decode().split("\n")
                     if line.startswith("data:")]
            if lines:
                yield "\n".join(lines)


def _data(url: str, prompt: str) -> Iterator[str]:
    with httpx.stream("POST", f"{url}/generate", json={"prompt": prompt},
                      trust_env=False) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                yield line[6:]


@turned_away("3.3", "a flag, not JSON")
def loads_done(url: str, prompt: str) -> Any:
    return "".join(json.loads(data)["token"] for data in _data(url, prompt)), "complete"


@turned_away("3.3", "says nothing about what comes")
def believes_the_status(url: str, prompt: str) -> Any:
    text, _ = right.read_answer(url, prompt)
    return text, "complete"


@turned_away("3.3", "Look for `error` first")
def wants_a_token(url: str, prompt: str) -> Any:
    text = ""
    for data in _data(url, prompt):
        if data == "[DONE]":
            return text, "complete"
        text += json.loads(data)["token"]
    return text, "truncated"


@turned_away("3.4", "came back whole")
def a_space() -> Any:
    return " answer", "x\n\ndata: [DONE]"


@turned_away("3.4", "An empty event is an event")
def an_empty_token() -> Any:
    return "", "x\n\ndata: [DONE]"


@turned_away("3.4", "nobody was fooled")
def a_line_end_for_both() -> Any:
    return "a\nb", "a\nb"


@turned_away("3.4", "begins as ordinary text")
def just_the_end() -> Any:
    return "a\nb", "[DONE]"


@turned_away("4.1", "there is no `await`")
def without_result() -> Any:
    return {"a", "e", "g"}


@turned_away("4.1", "another thread sleeps")
def with_to_thread() -> Any:
    return {"a", "c", "d", "e", "g"}


@turned_away("4.1", "computing blocks")
def without_the_loop() -> Any:
    return {"a", "c", "g"}


@turned_away("4.2", "the steps ran on the loop")
async def on_the_loop(gen: Any, executor: Any) -> Any:
    try:
        for item in gen:
            yield item
    finally:
        gen.close()


@turned_away("4.2", "cannot travel through a future")
async def except_stop_iteration(gen: Any, executor: Any) -> Any:
    loop = asyncio.get_running_loop()
    while True:
        try:
            yield await loop.run_in_executor(executor, next, gen)
        except StopIteration:
            return


@turned_away("4.2", "never closed")
async def without_cleaning_up(gen: Any, executor: Any) -> Any:
    end = object()
    loop = asyncio.get_running_loop()
    while (item := await loop.run_in_executor(executor, next, gen, end)) is not end:
        yield item


@turned_away("4.2", "as if complete")
async def hides_errors(gen: Any, executor: Any) -> Any:
    try:
        async for item in right.astream(gen, executor):
            yield item
    except OSError:
        return


@turned_away("4.3", "60 steps were made")
def looks_once(jobs: Any) -> None:
    for job in iter(jobs.get, None):
        try:
            if not job.cancelled.is_set():
                for item in job.steps:
                    job.push(item)
        except Exception as error:
            job.push(error)
        job.push(job.END)


@turned_away("4.3", "the thread is gone")
def lets_it_escape(jobs: Any) -> None:
    for job in iter(jobs.get, None):
        for item in job.steps:
            if job.cancelled.is_set():
                break
            job.push(item)
        job.push(job.END)


@turned_away("4.3", "also the unhappy ones")
def ends_only_good_ones(jobs: Any) -> None:
    for job in iter(jobs.get, None):
        try:
            for item in job.steps:
                if job.cancelled.is_set():
                    break
                job.push(item)
            else:
                job.push(job.END)
        except Exception as error:
            job.push(error)


@turned_away("4.4", "made for other threads")
def puts_it_there(loop: Any, queue: Any) -> Any:
    return queue.put_nowait


@turned_away("4.4", "made for other threads")
def on_a_second_loop(loop: Any, queue: Any) -> Any:
    return lambda item: asyncio.run(queue.put(item))


@turned_away("4.4", "did not come back")
def waits_for_itself(loop: Any, queue: Any) -> Any:
    def push(item: Any) -> None:
        asyncio.run_coroutine_threadsafe(queue.put(item), loop).result(6)

    return push


def _works(pair: tuple[str, str], answered: bool) -> Any:
    return lambda: right.works() | {pair: answered}


WRONG["5.1"] = [
    (_works(("task", "sync"), True), "each waited for the other"),
    (_works(("task", "async"), False), "gave the loop back"),
    (_works(("thread", "sync"), False), "a loop of its own"),
]


def _started(app: Any, sock: Any = None, **options: Any) -> tuple[Any, Any, Any]:
    sock = sock or create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", **options))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]},
                              daemon=True)
    thread.start()
    return server, thread, sock


@turned_away("5.2", "did not come back")
def waits_for_ever(app: Any) -> Any:
    server, thread, sock = _started(app, timeout_graceful_shutdown=1)
    while not server.started:
        time.sleep(0.01)

    def stop() -> None:
        server.should_exit = True
        thread.join()
        sock.close()

    return f"http://127.0.0.1:{sock.getsockname()[1]}", stop


@turned_away("5.2", "waiting for")
def without_a_limit(app: Any) -> Any:
    server, thread, sock = _started(app)
    while not server.started:
        if not thread.is_alive():
            sock.close()
            raise RuntimeError("no")
        time.sleep(0.01)

    def stop() -> None:
        server.should_exit = True
        thread.join()
        sock.close()

    return f"http://127.0.0.1:{sock.getsockname()[1]}", stop


@turned_away("5.2", "wait for the thread")
def stop_does_not_wait(app: Any) -> Any:
    url, stop = right.start(app)

    def leave() -> None:
        threading.Timer(0.3, stop).start()
        time.sleep(0.01)

    return url, leave


@turned_away("5.2", "still answers")
def stop_does_nothing(app: Any) -> Any:
    server = BackgroundServer(app).start()
    return server.url, lambda: None


@turned_away("5.3", "count threads before and after")
def a_guess(start: Any, app: Any) -> Any:
    return 3, 3


@turned_away("5.3", "ask each address")
def all_threads(start: Any, app: Any) -> Any:
    right.leak(start, app)
    return threading.active_count(), 3


@turned_away("5.3", "because nobody remembers it")
def forgets_to_stop(start: Any, app: Any) -> Any:
    found = 0, 0

    def kept_running(app: Any) -> Any:
        url, _ = start(app)
        return url, lambda: None

    found = right.leak(kept_running, app)
    return found


@turned_away("6.1", "n - 1 gaps")
def n_by_total(sent: float, arrivals: Any) -> Any:
    found = right.timings(sent, arrivals)
    if found["tokens_per_s"]:
        found["tokens_per_s"] = len(arrivals) / (arrivals[-1] - sent)
    return found


@turned_away("6.1", "you say 0.35")
def in_seconds(sent: float, arrivals: Any) -> Any:
    found = right.timings(sent, arrivals)
    return found | {"ttft_ms": found["ttft_ms"] and found["ttft_ms"] / 1000}


@turned_away("6.1", "and no crash")
def divides_by_zero(sent: float, arrivals: Any) -> Any:
    gaps = [b - a for a, b in pairwise(arrivals)]
    return {"ttft_ms": 1e3 * (arrivals[0] - sent),
            "gap_ms_median": 1e3 * median(gaps),
            "tokens_per_s": len(gaps) / sum(gaps)}


@turned_away("6.2", "skip drawings, never tokens")
def drops_tokens(events: Any, hz: float) -> Any:
    drawn: list[Any] = []
    for at, piece in events:
        if not drawn or at - drawn[-1][0] >= 1 / hz:
            drawn.append((at, (drawn[-1][1] if drawn else "") + piece))
    return drawn


@turned_away("6.2", "words less than the answer")
def never_draws_the_end(events: Any, hz: float) -> Any:
    drawn = right.frames(events, hz)
    return drawn[:-1] if len(drawn) > 1 else drawn


@turned_away("6.2", "your slowest server")
def a_drawing_each(events: Any, hz: float) -> Any:
    return right.frames(events, 1e9)


@turned_away("6.2", "had come")
def draws_the_future(events: Any, hz: float) -> Any:
    whole = "".join(piece for _, piece in events)
    return [(at, whole) for at, _ in right.frames(events, hz)]


@turned_away("6.3", "Compare with the whole run's time")
def fixed_milliseconds(run: Any) -> str:
    if run.left is not None:
        return "cancelled"
    dead = median(run.waits_ms) > 200
    if run.arrivals[0] > 1:
        return "blocking" if dead else "queued"
    return "frozen" if dead else "streaming"


@turned_away("6.3", "the pings can tell")
def first_token_only(run: Any) -> str:
    if run.left is not None:
        return "cancelled"
    return "blocking" if run.arrivals[0] > run.ended / 3 else "streaming"


@turned_away("6.3", "The reader left")
def short_is_cancelled(run: Any) -> str:
    return "cancelled" if len(run.arrivals) < 4 else right.diagnose(run) if (
        run.left is None) else "streaming"


@turned_away("7.1", "send on a schedule")
async def waits_for_each(get: Any, every: float, seconds: float) -> Any:
    waits, began = [], time.perf_counter()
    while (sent := time.perf_counter()) - began < seconds:
        with suppress(TimeoutError):
            await asyncio.wait_for(get(), began + seconds - sent)
        waits.append(time.perf_counter() - sent)
        await asyncio.sleep(every)
    return waits


@turned_away("7.1", "you never returned")
async def no_limit(get: Any, every: float, seconds: float) -> Any:
    async def wait() -> float:
        sent = time.perf_counter()
        await get()
        return time.perf_counter() - sent

    pings = []
    for _ in range(int(seconds / every)):
        pings.append(asyncio.ensure_future(wait()))
        await asyncio.sleep(every)
    return await asyncio.gather(*pings)


@turned_away("7.1", "count it as that")
async def drops_the_unanswered(get: Any, every: float, seconds: float) -> Any:
    waits: list[float] = []

    async def one() -> None:
        sent = time.perf_counter()
        await get()
        waits.append(time.perf_counter() - sent)

    began, tasks = time.perf_counter(), []
    while time.perf_counter() - began < seconds:
        tasks.append(asyncio.ensure_future(one()))
        await asyncio.sleep(every)
    for task in tasks:
        task.cancel()
    return waits


@turned_away("7.2", "Take turns")
def all_a_then_all_b(a: Any, b: Any, rounds: int) -> float:
    a(), b()
    return float(median(a() for _ in range(rounds)) /
                 median(b() for _ in range(rounds)))


@turned_away("7.2", "Take the median")
def by_the_mean(a: Any, b: Any, rounds: int) -> float:
    a(), b()
    pairs = [(a(), b()) for _ in range(rounds)]
    return float(mean(x for x, _ in pairs) / mean(y for _, y in pairs))


@turned_away("7.2", "also pays for loading")
def counts_the_first(a: Any, b: Any, rounds: int) -> float:
    pairs = [(a(), b()) for _ in range(rounds)]
    return float(median(x for x, _ in pairs) / median(y for _, y in pairs))


def _changes(change: str, measure: str, word: str) -> Any:
    return lambda: right.predict_changes() | {(change, measure): word}


WRONG["7.3"] = [
    (_changes("send it whole", "my total", "up"), "the same end"),
    (_changes("prompt x 8", "gap", "up"), "paid once"),
    (_changes("8 clients in one batch", "my total", "down"), "the room gets far more"),
]


@turned_away("8.1", "do not wait for the others")
def waits_for_an_empty_batch(waiting: Any, running: Any, slots: int) -> None:
    if not running:
        right.admit(waiting, running, slots)


@turned_away("8.1", "5 run in 4 slots")
def admits_all(waiting: Any, running: Any, slots: int) -> None:
    running += waiting
    waiting.clear()


@turned_away("8.1", "expected")
def the_newest_first(waiting: Any, running: Any, slots: int) -> None:
    while waiting and len(running) < slots:
        running.append(waiting.pop())


@turned_away("8.2", "KeyError")
def content_is_always_there(chunks: Any) -> str:
    return "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks)


@turned_away("8.2", "IndexError")
def choices_are_always_there(chunks: Any) -> str:
    return "".join(chunk["choices"][0]["delta"].get("content") or ""
                   for chunk in chunks)


@turned_away("8.2", "None")
def joins_none(chunks: Any) -> str:
    return "".join(str(chunk["choices"][0]["delta"].get("content", ""))
                   for chunk in chunks if chunk["choices"])


@turned_away("8.3", "the answer is half")
def closed_is_complete(events: Any, health: Any) -> Any:
    found = right.post_mortem(events, health)
    return found | {"answer": "complete" if events[-1][1] == "[DONE]" else "half"}


@turned_away("8.3", "a hung process still holds")
def hung_is_dead(events: Any, health: Any) -> Any:
    found = right.post_mortem(events, health)
    return found | {"engine": found["engine"].replace("hung", "died")}


@turned_away("8.3", "Nobody failed here")
def leaving_is_failure(events: Any, health: Any) -> Any:
    found = right.post_mortem(events, health)
    half = found["answer"] == "half"
    return found | {"engine": "died" if half and found["engine"] == "well"
                    else found["engine"]}
