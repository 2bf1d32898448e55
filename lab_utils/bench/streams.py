"""Streams that are sent at once: when each began to answer, how many tokens came."""

import asyncio
import json
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import httpx

from lab_utils import sse
from lab_utils.address import Address


@dataclass(slots=True)
class Stream:
    """One answer as its reader saw it: seconds of `perf_counter`, and its tokens.

    An event of another server may hold no token or several, so `tokens` is what the
    server says itself (its `usage`), where it says so.
    """

    sent: float
    first: float = 0.0
    last: float = 0.0
    tokens: int = 0

    @property
    def first_ms(self) -> float:
        """Milliseconds from sending to the first token."""
        return 1e3 * (self.first - self.sent)


def tokens_per_s(streams: list[Stream]) -> float:
    """Tokens of all streams per second, from the first token of all to the last; from
    the sending, if all came at one moment."""
    began, ended = min(s.first for s in streams), max(s.last for s in streams)
    if ended == began:
        began = min(stream.sent for stream in streams)
    return (sum(stream.tokens for stream in streams) - 1) / (ended - began)


def read(
    url: str, prompt: str, tokens: int, count: int, model: str | None = None
) -> list[Stream]:
    """Send `count` requests at once, and read all to their ends.

    model: asks for it in OpenAI's format; None asks at `/generate`. Raises
    `httpx.HTTPStatusError` if one is refused.
    """
    body: dict[str, Any] = {"prompt": prompt, "max_tokens": tokens, "temperature": 0,
                            "stream": True}
    path = "/generate"
    if model is not None:
        body |= {"model": model or None, "stream_options": {"include_usage": True}}
        path = "/v1/completions"
    return asyncio.run(_read_all(url, path, body, count))


async def _read_all(
    url: str, path: str, body: dict[str, Any], count: int
) -> list[Stream]:
    async with httpx.AsyncClient(
        base_url=url, headers=Address(url).headers, timeout=None, trust_env=False
    ) as client:
        return await asyncio.gather(
            *(_read_one(client, path, body) for _ in range(count))
        )


async def _read_one(
    client: httpx.AsyncClient, path: str, body: dict[str, Any]
) -> Stream:
    stream, decoder = Stream(perf_counter()), sse.Decoder()
    async with client.stream("POST", path, json=body) as response:
        response.raise_for_status()
        async for chunk in response.aiter_raw():
            now = perf_counter()
            for event in decoder.feed(chunk):
                if event.data != sse.DONE:
                    _note(stream, json.loads(event.data), now)
    return stream


def _note(stream: Stream, event: dict[str, Any], now: float) -> None:
    """Add an event, of either format, that arrived at `now`. One without text counts,
    too: half a character is a token that cannot be shown yet."""
    if "token" in event or event.get("choices"):
        stream.first = stream.first or now
        stream.last = now
        stream.tokens += 1
    if usage := event.get("usage"):
        stream.tokens = int(usage["completion_tokens"])
