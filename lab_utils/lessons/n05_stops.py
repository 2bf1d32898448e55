"""What servers are put through in lesson 05: a stop amid a stream, a single question.

Each trial gives a bar to be drawn by `lab_utils.lessons.n05_lives.lives`.
"""

import asyncio
from collections.abc import Callable
from time import perf_counter

from lab_utils.client import LabClient, LabError, ServerGone
from lab_utils.lessons.n05_lives import Life

TOKENS_FIRST = 3
GIVE_UP_S = 1.5


async def stop_while_reading(
    label: str, url: str, stop: Callable[[], None]
) -> tuple[Life, str]:
    """Read a stream, call `stop` after three tokens; the stop, and how reading ended.

    The bar begins when `stop` is called, and has a mark for each token after that.
    """
    moments: list[float] = []
    reader = asyncio.create_task(_read(url, moments))
    while len(moments) < TOKENS_FIRST and not reader.done():
        await asyncio.sleep(0.01)
    asked = perf_counter()
    await asyncio.to_thread(stop)
    took = perf_counter() - asked
    ending = await reader
    seen = [at - asked for at in moments if at > asked]
    return Life(label, asked=0, ended=took, seen=seen), ending


async def ask_once(label: str, url: str, client: str) -> Life:
    """Ask for `/health` with a "sync" or an "async" client, on the loop that runs this.

    The client gives up after a second and a half; its bar is then `bad`.
    """
    asked, outcome = perf_counter(), ""
    try:
        with LabClient(url, timeout=GIVE_UP_S) as web:
            if client == "sync":
                web.health()
            else:
                await web.ahealth()
    except ServerGone:
        outcome = "gave up"
    took = perf_counter() - asked
    return Life(label, asked=0, ended=took, outcome=outcome, bad=bool(outcome))


async def _read(url: str, moments: list[float]) -> str:
    """Note when each token came; says how the answer ended."""
    try:
        async for _ in LabClient(url).astream("go"):
            moments.append(perf_counter())
    except LabError as error:
        return str(error)
    return "the whole answer"
