"""Some readers at once: what each waits for, and what all together get."""

import asyncio
from itertools import pairwise
from statistics import median
from time import perf_counter

import httpx

from lab_utils.address import Address
from lab_utils.client import LabClient
from lab_utils.plots.tradeoff import Load


async def load(url: str, readers: int, max_tokens: int = 40) -> Load:
    """Let `readers` stream from the server at `url` at once, and sum up."""
    arrivals: list[list[float]] = [[] for _ in range(readers)]
    began = perf_counter()

    async def read(mine: list[float]) -> None:
        client = LabClient(url)
        async for _ in client.astream("Tell me a story.", max_tokens=max_tokens):
            mine.append(perf_counter() - began)

    await asyncio.gather(*map(read, arrivals))
    gaps = [late - early for mine in arrivals
            for early, late in pairwise(mine)]
    firsts, lasts = [each[0] for each in arrivals], [each[-1] for each in arrivals]
    tokens = sum(len(each) - 1 for each in arrivals)
    return Load(readers, 1e3 * median(gaps), 1e3 * median(firsts),
                tokens / (max(lasts) - min(firsts)))


async def more_and_more(url: str) -> list[Load]:
    """1, 2, 4 and 8 readers, after one that is not counted."""
    await load(url, 1)
    return [await load(url, readers) for readers in (1, 2, 4, 8)]


async def all_at_once(url: str, readers: int) -> list[httpx.Response]:
    """The answers to that many requests which arrive in the same moment."""
    body = {"prompt": "Tell me a story.", "max_tokens": 20}
    limits = httpx.Limits(max_connections=readers)
    async with httpx.AsyncClient(
        base_url=url, headers=Address(url).headers, limits=limits, timeout=None
    ) as web:
        asked = (web.post("/generate", json=body) for _ in range(readers))
        return list(await asyncio.gather(*asked))
