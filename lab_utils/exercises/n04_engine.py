"""Exercises for notebook 04: the one engine thread, and its way to the loop."""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from time import perf_counter, sleep
from typing import Any

from lab_utils.exercises.exercise import Exercise, Wrong

RunEngine = Callable[["queue.Queue[Job | None]"], None]
MakePush = Callable[[asyncio.AbstractEventLoop, "asyncio.Queue[int]"],
                    Callable[[int], object]]

PATIENCE_S = 2.0
"""For what a right answer does within milliseconds."""


class Job:
    """What an engine thread is given: `steps` is an iterator; `push` takes each item,
    the error, or at last `END`; `cancelled` is an Event that says that nobody reads."""

    END = object()

    def __init__(self, count: int, fail_at: int | None = None,
                 leave_at: int | None = None) -> None:
        self.pushed: list[Any] = []
        self.made = 0
        self.cancelled = threading.Event()
        self.steps = self._steps(count, fail_at)
        self._leave_at = leave_at

    def _steps(self, count: int, fail_at: int | None) -> Iterator[int]:
        for number in range(count):
            if number == fail_at:
                raise RuntimeError("the model failed")
            self.made += 1
            yield number

    def push(self, item: Any) -> None:
        """Hand an item to whoever reads."""
        self.pushed.append(item)
        if item == self._leave_at:
            self.cancelled.set()

    @property
    def items(self) -> list[Any]:
        """What was pushed, without errors and ends."""
        return [each for each in self.pushed if isinstance(each, int)]

    @property
    def ends(self) -> int:
        """How often its end was pushed."""
        return self.pushed.count(self.END)


def _engine(run_engine: RunEngine, *jobs: Job) -> BaseException | None:
    """Run `jobs` to the None behind them; what escaped, if anything did."""
    line: queue.Queue[Job | None] = queue.Queue()
    for job in (*jobs, None):
        line.put(job)
    try:
        run_engine(line)
    except Exception as error:
        return error
    return None


def _in_order(run_engine: RunEngine) -> None:
    first, second = Job(5), Job(3)
    escaped = _engine(run_engine, first, second)
    if escaped is not None:
        raise Wrong(f"It raised {escaped!r}. `jobs.get()` waits for the next one; "
                    "None says that the engine is to end.")
    if (first.items, second.items) != ([*range(5)], [*range(3)]):
        raise Wrong(f"The jobs got {first.items} and {second.items}; expected 0 to 4 "
                    "and 0 to 2, one job after the other. See 4.4.")


def _cancel_costs_a_step(run_engine: RunEngine) -> None:
    job = Job(60, leave_at=3)
    _engine(run_engine, job)
    if job.made > 5:
        raise Wrong(f"The reader left at step 3, and {job.made} steps were made. Look "
                    "at `job.cancelled` before every step, not once. See 4.5.")


def _error_ends_one(run_engine: RunEngine) -> None:
    first, second = Job(5, fail_at=1), Job(3)
    escaped = _engine(run_engine, first, second)
    if escaped is not None or second.items != [0, 1, 2]:
        raise Wrong("The first job failed as told, and the second has waited for ever "
                    f"since: it got {second.items}, the thread is gone. Catch the "
                    "error of a job within its turn. See 4.4.")
    if not any(isinstance(each, Exception) for each in first.pushed):
        raise Wrong("The first job failed and its reader does not know: push the "
                    "error.")


def _each_ends_once(run_engine: RunEngine) -> None:
    jobs = {"a good": Job(3), "a failed": Job(5, fail_at=1),
            "a cancelled": Job(60, leave_at=3), "an empty": Job(0)}
    _engine(run_engine, *jobs.values())
    for kind, job in jobs.items():
        if job.ends != 1 or job.pushed[-1] is not Job.END:
            raise Wrong(f"{kind} job was told its end {job.ends} times; expected once, "
                        "as the last thing. Its reader still waits: every job must "
                        "end, also the unhappy ones (`finally`). See 4.5.")


def _wakes_at_once(make_push: MakePush) -> None:
    pushed_at = 0.0

    async def wait() -> list[int]:
        items: asyncio.Queue[int] = asyncio.Queue()
        push = make_push(asyncio.get_running_loop(), items)

        def engine() -> None:
            nonlocal pushed_at
            sleep(0.05)  # so that the loop has nothing to do, and waits
            pushed_at = perf_counter()
            for number in range(3):
                push(number)

        thread = threading.Thread(target=engine)
        thread.start()
        try:
            # The time limit is also what wakes a loop that nobody else has woken.
            async with asyncio.timeout(PATIENCE_S):
                return [await items.get() for _ in range(3)]
        except TimeoutError:
            return []
        finally:
            await asyncio.to_thread(thread.join)

    found = asyncio.run(wait())
    if not found or perf_counter() - pushed_at > PATIENCE_S / 2:
        raise Wrong(f"An item lay in the queue, and for {PATIENCE_S:g} s nobody woke: "
                    "asyncio's queue is not made for other threads. Ask the loop to do "
                    "it, soon. See the side path of 04, the item that wakes nobody.")
    if found != [0, 1, 2]:
        raise Wrong(f"Pushed 0, 1, 2; read {found}. Order must be kept.")


def _does_not_wait(make_push: MakePush) -> None:
    async def push_here() -> bool:
        items: asyncio.Queue[int] = asyncio.Queue()
        push = make_push(asyncio.get_running_loop(), items)
        push(1)
        await asyncio.sleep(0.05)
        return not items.empty()

    if not asyncio.run(push_here()):
        raise Wrong("Called on the loop itself, the item did not come. "
                    "`call_soon_threadsafe` may be called from anywhere.")


EXERCISES = [
    Exercise("4.3", "One engine thread", "run_engine", 15,
             (_in_order, _cancel_costs_a_step, _error_ends_one, _each_ends_once),
             core=True),
    Exercise("4.4", "From thread to loop", "make_push", 6,
             (_wakes_at_once, _does_not_wait)),
]
