"""Right answers in another style than the solved notebooks', by exercise."""

import asyncio
import json
import threading
from itertools import islice, pairwise
from socket import create_server
from statistics import median
from typing import Any

import httpx
import uvicorn

from lab_utils.lessons.n01_grid import health_alive, text_early
from lab_utils.sse import Decoder

no, yes = False, True


def predict() -> Any:
    return {
        f"{server}, {way}": (way == "as made", server in ("Flask, 16 threads",
                                                          "FastAPI, def"))
        for server in ("Flask, one thread", "Flask, 16 threads", "FastAPI, async def",
                       "FastAPI, def")
        for way in ("whole", "as made")
    }


async def app(scope: Any, receive: Any, send: Any) -> None:
    status, body = (200, b"ok") if scope["path"] == "/health" else (404, b"")
    start = {"type": "http.response.start", "status": status,
             "headers": [(b"content-type", b"text/plain")]}
    await send(start)
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def stream_app(scope: Any, receive: Any, send: Any, pause: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for piece in "ABC":
        await pause()
        await send({"type": "http.response.body", "body": piece.encode(),
                    "more_body": True})
    await send({"type": "http.response.body"})


def kill_health(url: str) -> int:
    def dead(count: int) -> bool:
        with httpx.Client(base_url=url, trust_env=False) as web:
            opened = [web.send(web.build_request("GET", "/stream"), stream=True)
                      for _ in range(count)]
            try:
                web.get("/health", timeout=0.5)
                return False
            except httpx.TimeoutException:
                return True
            finally:
                for each in opened:
                    each.close()

    return next(count for count in range(1, 20) if dead(count))


def take(gen: Any, n: int) -> Any:
    return list(islice(gen, n))


def decode_greedy(step: Any, prompt_ids: Any, n: int, eos: int) -> Any:
    logits, cache = step(prompt_ids, None)
    ids = [max(range(len(logits)), key=logits.__getitem__)]
    for _ in range(n - 1):
        if ids[-1] == eos:
            break
        logits, cache = step(ids[-1:], cache)
        ids.append(max(range(len(logits)), key=logits.__getitem__))
    return ids


def generate_stream(step: Any, tokenizer: Any, prompt: str, max_tokens: int) -> Any:
    ids: list[int] = []
    shown, cache, new = "", None, tokenizer.encode(prompt)
    while True:
        logits, cache = step(new, cache)
        new = [max(range(len(logits)), key=logits.__getitem__)]
        ids += new
        ended = new[0] == tokenizer.eos_token_id
        reason = "stop" if ended else "length" if len(ids) == max_tokens else None
        text = tokenizer.decode(ids)
        piece = text[len(shown):] if reason or not text.endswith("\ufffd") else ""
        shown += piece
        yield {"token": piece, "finish_reason": reason}
        if reason:
            break


def breaking_text() -> Any:
    return "naïve 東京", "b"


def encode_event(payload: Any) -> bytes:
    return b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n"


def parse(chunks: Any) -> Any:
    decoder = Decoder()
    for chunk in chunks:
        for event in decoder.feed(chunk):
            yield event.data


def read_answer(url: str, prompt: str) -> Any:
    payloads: list[str] = []
    with (httpx.Client(trust_env=False) as web,
          web.stream("POST", url + "/generate", json={"prompt": prompt}) as answer):
        decoder = Decoder()
        for chunk in answer.iter_bytes():
            payloads += [event.data for event in decoder.feed(chunk)]
    events = [json.loads(each) for each in payloads if each != "[DONE]"]
    failed = any("error" in event for event in events)
    ended = "complete" if "[DONE]" in payloads else "truncated"
    return ("".join(event["token"] for event in events if "token" in event),
            "failed" if failed else ended)


def poison() -> Any:
    return "a\rb", "Done.\n\ndata: [DONE]\n\n"


def freezers() -> Any:
    return set("aceg")


async def astream(gen: Any, executor: Any) -> Any:
    loop = asyncio.get_running_loop()

    def pull() -> list[Any]:
        return list(islice(gen, 1))

    try:
        while item := await loop.run_in_executor(executor, pull):
            yield item[0]
    finally:
        executor.submit(gen.close).result()


def run_engine(jobs: Any) -> None:
    def run(job: Any) -> None:
        try:
            while not job.cancelled.is_set():
                job.push(next(job.steps))
        except StopIteration:
            pass
        except Exception as error:
            job.push(error)

    for job in iter(jobs.get, None):
        run(job)
        job.push(job.END)


def make_push(loop: Any, items: Any) -> Any:
    return lambda item: asyncio.run_coroutine_threadsafe(items.put(item), loop)


def works() -> Any:
    return {(server, client): server == "thread" or client == "async"
            for server in ("task", "thread") for client in ("sync", "async")}


def start(app: Any) -> Any:
    sock = create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(
        app, log_level="critical", timeout_graceful_shutdown=1))
    done = threading.Event()

    def run() -> None:
        try:
            server.run(sockets=[sock])
        finally:
            sock.close()
            done.set()

    thread = threading.Thread(target=run)
    thread.start()
    while not (server.started or done.wait(0.01)):
        pass
    if done.is_set():
        thread.join()
        raise SystemError("start-up failed")

    def stop() -> None:
        server.should_exit = True
        thread.join()

    return f"http://127.0.0.1:{sock.getsockname()[1]}", stop


def leak(start: Any, app: Any) -> Any:
    before = set(threading.enumerate())
    urls, stops = zip(*(start(app) for _ in range(3)), strict=True)
    more = len(set(threading.enumerate()) - before)

    def lives(url: str) -> bool:
        try:
            return httpx.get(url, trust_env=False).is_success
        except httpx.ConnectError:
            return False

    living = [url for url in urls if lives(url)]
    for stop in stops:
        stop()
    return more, len(living)


def timings(sent: float, arrivals: Any) -> Any:
    if not arrivals:
        return dict.fromkeys(("ttft_ms", "gap_ms_median", "tokens_per_s"))
    first, last = arrivals[0], arrivals[-1]
    gaps = sorted(b - a for a, b in pairwise(arrivals))
    return {
        "ttft_ms": (first - sent) * 1000,
        "gap_ms_median": median(gaps) * 1000 if gaps else None,
        "tokens_per_s": (len(arrivals) - 1) / (last - first) if gaps else None,
    }


def frames(events: Any, hz: float) -> Any:
    found: list[Any] = []
    for at, (when, _) in enumerate(events):
        text = "".join(piece for _, piece in events[: at + 1])
        if not found or when - found[-1][0] >= 1 / hz or at == len(events) - 1:
            found.append((when, text))
    return found


def diagnose(run: Any) -> str:
    span = run.arrivals[-1] - run.arrivals[0]
    words = {(yes, yes): "streaming", (yes, no): "frozen",
             (no, no): "blocking", (no, yes): "queued"}
    word = words[text_early(run), health_alive(run)]
    if run.left:
        word = "cancelled"
    elif word == "queued" and span < run.ended / 10:
        word = "buffered"
    return word


async def ping(get: Any, every: float, seconds: float) -> Any:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds

    async def wait() -> float:
        sent = loop.time()
        try:
            async with asyncio.timeout_at(end):
                await get()
        except TimeoutError:
            pass
        return loop.time() - sent

    pings = []
    for number in range(int(seconds / every)):
        pings.append(asyncio.ensure_future(wait()))
        await asyncio.sleep(max(0, end - seconds + (number + 1) * every - loop.time()))
    return await asyncio.gather(*pings)


def ratio(a: Any, b: Any, rounds: int) -> float:
    a()
    b()
    quotients = []
    for _ in range(rounds):
        first = a()
        quotients.append(first / b())
    return float(median(quotients))


def predict_changes() -> Any:
    ups = {("send it whole", "first token"), ("no KV cache", "gap"),
           ("no KV cache", "my total"), ("prompt x 8", "first token"),
           ("answer x 2", "my total"),
           *(("8 clients in one batch", each) for each in
             ("first token", "gap", "my total", "room's tokens/s"))}
    downs = {("no KV cache", "room's tokens/s")}
    return {(change, measure): "up" if (change, measure) in ups else
            "down" if (change, measure) in downs else "same"
            for change in ("send it whole", "no KV cache", "8 clients in one batch",
                           "prompt x 8", "answer x 2")
            for measure in ("first token", "gap", "my total", "room's tokens/s")}


def admit(waiting: Any, running: Any, slots: int) -> None:
    room = max(0, slots - len(running))
    running += waiting[:room]
    del waiting[:room]


def chat_text(chunks: Any) -> str:
    deltas = (chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"])
    return "".join(delta["content"] for delta in deltas if delta.get("content"))


def post_mortem(events: Any, health: Any) -> Any:
    tokens = [at for at, payload in events if payload.startswith('{"token"')]
    error = next((at for at, payload in events if '"error"' in payload), None)
    bad = next((at for at, status in health if status >= 500), None)
    whole = error is None and events[-1][1] == "[DONE]"
    engine, first = "well", "nobody"
    if bad is not None:
        engine = "hung" if bad > tokens[-1] + 10 * (tokens[1] - tokens[0]) else "died"
        first = "client" if error is not None and error < bad else "health"
    return {"answer": "complete" if whole else "half", "engine": engine,
            "first": first}
