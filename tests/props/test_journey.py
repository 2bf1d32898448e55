"""One request's way: what is noted, by one clock, in order."""

from itertools import pairwise

from lab_utils.engine import FakeEngine
from lab_utils.lessons.n04_follow import follow
from lab_utils.lessons.n04_journey import Journey
from lab_utils.lessons.n04_server import make_app


def test_a_followed_request_is_noted_in_the_order_in_which_it_went() -> None:
    run = follow(make_app, FakeEngine("a b c d", step_ms=5), "Hi", max_tokens=3)
    assert len(run.steps) == 3 and len(run.wrote) == len(run.read) == 4
    assert 0 < run.heard < run.checked < run.steps[0][0]
    for (begin, end), wrote, read in zip(run.steps, run.wrote, run.read, strict=False):
        assert begin < end < wrote < read
    for (_, wrote), (begin, _) in zip(pairwise(run.wrote), run.steps[1:], strict=False):
        assert begin < wrote
    assert run.prefill_s >= 0.005 and run.decode_s >= 0.005


def test_an_answer_of_one_token_has_no_decode_steps() -> None:
    run = Journey("one", 0.001, 0.002, [(0.003, 0.013)], [0.014, 0.015], [0.02, 0.021])
    assert run.decode_s == 0 and "0 decode steps" in str(run)
    assert str(run).startswith("one: found valid after 2 ms, prefill 10 ms")
