"""What notebook 08 tries with the reader's `admit`."""

from collections.abc import Callable
from random import Random

from lab_utils.lessons.your_turn import NotYet, check_written

STEPS = 200
SLOTS = 8
SEED = 1


def check_admit(admit: Callable[[list[int], list[int], int], None]) -> None:
    """Say what is wrong with it, or that it holds; raises NotYet."""
    check_written(admit)
    came = walk(admit)
    print(f"✓ admit: {STEPS} steps, {came} requests, as expected")


def walk(admit: Callable[[list[int], list[int], int], None]) -> int:
    """Have requests, numbered in order of arrival, come and go at random for 200 steps;
    returns how many came. Raises NotYet at the first step that is wrong."""
    random = Random(SEED)
    waiting: list[int] = []
    running: list[int] = []
    came = 0
    for step in range(STEPS):
        for _ in range(random.choice((0, 0, 1, 3))):
            waiting.append(came)
            came += 1
        before = list(waiting), list(running)
        admit(waiting, running, SLOTS)
        _look(step, *before, waiting, running)
        running[:] = [each for each in running if random.random() < 0.8]
    return came


def _look(
    step: int, waited: list[int], ran: list[int], waiting: list[int],
    running: list[int],
) -> None:
    """Compare one step's lists before and after."""
    if sorted(waited + ran) != sorted(waiting + running):
        lost = sorted({*waited, *ran} - {*waiting, *running})
        what = f"request {lost[0]} is in neither list" if lost else "somebody is twice"
        raise NotYet(f"After step {step} {what}. Whoever joins leaves the first list "
                     "and stands in the second.")
    if len(running) > SLOTS:
        raise NotYet(f"{len(running)} run in {SLOTS} slots. There is no more room for "
                     "keys and values than that.")
    if gone := [each for each in ran if each not in running]:
        raise NotYet(f"Request {gone[0]} was running and has lost its slot. Who runs "
                     "stays until it has ended.")
    joined = [each for each in running if each not in ran]
    if joined and waiting and max(joined) > min(waiting):
        raise NotYet(f"Request {max(joined)} joined before {min(waiting)}, which came "
                     "first. Take from the front of the list.")
    free = SLOTS - len(running)
    if waiting and free and running:
        raise NotYet(f"Request {waiting[0]} waits beside {free} free slots: that is "
                     "static batching. Do not wait for the others to end.")
    if waiting and free:
        raise NotYet(f"{len(waiting)} wait, nobody runs, and nobody joins.")
