"""An attempt ends, says what happened, and leaves nothing behind."""

import threading
import time
from collections.abc import Callable
from socket import socket
from typing import Any

import pytest

from lab_utils.exercises.attempt import THREAD, attempt
from lab_utils.exercises.exercise import Exercise, Part, Wrong

Answer = Callable[..., Any]


def _exercise(*parts: Part) -> Exercise:
    return Exercise("2.1", "Take", "take", 4, parts)


def _call(function: Answer) -> None:
    function()


def test_every_part_that_holds_is_counted_also_behind_a_wrong_one() -> None:
    def wrong(function: Answer) -> None:
        raise Wrong(f"It gave {function()}, not 2.")

    verdict = attempt(_exercise(wrong, _call, _call), lambda: 1)
    assert (verdict.held, verdict.right) == (2, False)
    assert str(verdict) == "✗ 2.1 Take: 2 of 3 parts hold\n  It gave 1, not 2."


def test_a_right_answer_gets_one_line() -> None:
    verdict = attempt(_exercise(_call), lambda: 1)
    assert (verdict.right, str(verdict)) == (True, "✓ 2.1 Take: 1 of 1 parts hold")


def test_a_gap_is_no_attempt_and_points_to_the_hint() -> None:
    ran: list[Answer] = []

    def gap() -> Any:
        ...

    verdict = attempt(_exercise(ran.append), gap)
    assert not ran
    assert 'check.hint("2.1")' in verdict.message


@pytest.mark.timed
def test_an_endless_loop_is_stopped_and_its_thread_ends() -> None:
    turns = 0

    def endless() -> None:
        nonlocal turns
        while True:
            turns += 1

    verdict = attempt(_exercise(_call), endless, limit_s=0.3)
    assert "did not come back within 0.3 s, and was stopped" in verdict.message
    assert turns and THREAD not in {each.name for each in threading.enumerate()}


@pytest.mark.timed
def test_what_waits_for_ever_is_given_up_and_said_to_be_so() -> None:
    free = threading.Event()
    try:
        verdict = attempt(_exercise(_call), free.wait, limit_s=0.2)
    finally:
        free.set()
    assert "cannot be stopped where it waits: restart the kernel" in verdict.message


def test_what_it_raises_is_quoted_and_no_traceback_shown() -> None:
    def breaks() -> None:
        raise KeyError("x" * 500)

    message = attempt(_exercise(_call), breaks).message
    assert message.startswith("It raised KeyError('xxx")
    assert len(message) < 150


@pytest.mark.parametrize("leaves", [SystemExit, KeyboardInterrupt])
def test_an_answer_cannot_end_the_kernel(leaves: type[BaseException]) -> None:
    def breaks() -> None:
        raise leaves

    assert leaves.__name__ in attempt(_exercise(_call), breaks).message


def test_a_port_left_open_is_named() -> None:
    kept = socket()
    kept.bind(("127.0.0.1", 0))
    port = kept.getsockname()[1]
    with kept:
        verdict = attempt(_exercise(_call), kept.listen)
    assert f"was still listening on port {port}" in verdict.message
    assert verdict.message.endswith("Now restart the kernel.")
    assert not verdict.right


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_left_running_is_named_and_ended() -> None:
    started: list[threading.Thread] = []

    def endless() -> None:
        while True:
            time.sleep(0.01)

    def leaves() -> None:
        started.append(threading.Thread(target=endless, name="mine", daemon=True))
        started[0].start()

    verdict = attempt(_exercise(_call), leaves)
    assert "A thread of yours, mine, was still running" in verdict.message
    assert verdict.message.endswith("Now it was ended.")
    assert not started[0].is_alive()
