"""The scripted engine does exactly what it is told."""

import threading

import pytest

from lab_utils.engine import FakeEngine


def test_it_says_its_script_word_by_word() -> None:
    tokens = list(FakeEngine("to be or").generate_stream("hi"))
    assert [token.text for token in tokens] == ["to", " be", " or"]
    assert [token.token_id for token in tokens] == [0, 1, 2]
    assert [token.is_first for token in tokens] == [True, False, False]
    assert [token.finish_reason for token in tokens] == [None, None, "stop"]


def test_it_stops_at_max_tokens_and_says_so() -> None:
    *_, last = FakeEngine("to be or").generate_stream("hi", max_tokens=2)
    assert last.finish_reason == "length"


def test_it_counts_what_it_made_and_computes_only_when_asked() -> None:
    engine = FakeEngine("a b c d")
    tokens = engine.generate_stream("hi")
    assert engine.made == 0
    next(tokens)
    assert engine.made == 1
    tokens.close()
    assert engine.made == 1


def test_it_fails_at_the_step_it_was_told() -> None:
    tokens = FakeEngine(fail_at=2, error=OSError("boom")).generate_stream("hi")
    assert [next(tokens).text, next(tokens).text] == ["one", " two"]
    with pytest.raises(OSError, match="boom"):
        next(tokens)


def test_it_hangs_until_it_is_told_to_go_on() -> None:
    engine = FakeEngine("a b", hang_at=1)
    answers: list[str] = []
    thread = threading.Thread(
        target=lambda: answers.append(engine.generate("hi").text), daemon=True
    )
    thread.start()
    thread.join(0.05)
    assert thread.is_alive() and engine.made == 1
    engine.unhang()
    thread.join(5)
    assert answers == ["a b"]


def test_it_reports_each_step_before_doing_it() -> None:
    steps: list[int] = []
    FakeEngine("a b c", on_step=steps.append).generate("hi")
    assert steps == [0, 1, 2]


def test_the_environment_overrides_every_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_PACE_MS", "7")
    engine = FakeEngine("a b")
    assert engine.pace_ms == 7
    assert all(token.step_ms >= 7 for token in engine.generate_stream("hi"))


@pytest.mark.parametrize("pace", ["-1", "nan", "inf", "60000"])
def test_a_pace_that_is_none_is_refused(
    pace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_PACE_MS", pace)
    with pytest.raises(ValueError, match="pace_ms"):
        FakeEngine()
