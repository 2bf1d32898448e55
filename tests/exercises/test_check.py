"""`check`: what a learner sees of it, and what is kept of the attempts."""

import threading
from pathlib import Path

import pytest

from lab_utils.exercises import check, progress
from lab_utils.exercises.catalog import EXERCISES
from lab_utils.exercises.check import Check
from lab_utils.exercises.exercise import Verdict
from tests.exercises import right


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_check_prints_its_verdict_and_notes_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    check.exercise_2_1(right.take)
    assert capsys.readouterr().out.startswith("✓ 2.1 ")
    parts = len(EXERCISES["2.1"].parts)
    assert list(progress.attempts()) == [("2.1", parts, True)]


@pytest.mark.parametrize("name", ["exercise_9_9", "exercise_2", "execise_2_1", "2_1"])
def test_a_name_that_is_no_exercise_says_which_there_are(name: str) -> None:
    with pytest.raises(AttributeError, match="exercise_1_1 … exercise_8_"):
        getattr(check, name)


def test_the_tab_key_offers_every_exercise() -> None:
    assert {"exercise_1_1", "exercise_8_3", "hint", "progress"} <= set(dir(check))
    assert len(dir(check)) == len(EXERCISES) + 2


def test_a_hint_shows_blanks_and_then_the_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fresh = Check()
    fresh.hint("2.1")
    first = capsys.readouterr().out
    assert "def take" in first
    assert "___" in first
    fresh.hint(2.1)
    second = capsys.readouterr().out.splitlines()
    lines = [line.strip() for line in second[2:]]
    assert lines == sorted(lines)
    assert "items.append(next(gen))" in lines


def test_a_hint_for_no_exercise_says_what_was_expected() -> None:
    with pytest.raises(ValueError, match=r'such as "1.1"; got \'two\''):
        check.hint("two")


def test_progress_keeps_the_best_attempt(capsys: pytest.CaptureFixture[str]) -> None:
    for number, held in (("1.1", 8), ("1.1", 0), ("1.2", 1)):
        whole = held == len(EXERCISES[number].parts)
        progress.note(Verdict(EXERCISES[number], held, "" if whole else "no"))
    check.progress()
    out = capsys.readouterr().out
    assert "✓ 1.1 " in out
    assert "◐ 1.2 " in out
    assert "· 1.3 " in out
    assert out.endswith(f"1 of {len(EXERCISES)} done\n")


def test_two_kernels_at_once_lose_no_attempt() -> None:
    verdict = Verdict(EXERCISES["1.2"], 1, "no")

    def kernel() -> None:
        for _ in range(100):
            progress.note(verdict)

    kernels = [threading.Thread(target=kernel) for _ in range(2)]
    for thread in kernels:
        thread.start()
    for thread in kernels:
        thread.join()
    assert list(progress.attempts()) == [("1.2", 1, False)] * 200


def test_a_broken_line_costs_only_itself(folder: Path) -> None:
    verdict = Verdict(EXERCISES["1.2"], 1, "no")
    progress.note(verdict)
    with progress.FILE.open("ab") as file:
        file.write(b'{"exercise": "1.3", "he\xff\n[]\n{}\n7\n')
    progress.note(verdict)
    assert list(progress.attempts()) == [("1.2", 1, False)] * 2


def test_a_folder_that_cannot_be_written_to_does_not_stop_a_learner(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(progress, "FILE", tmp_path)  # a folder: not to be opened
    check.exercise_2_1(right.take)
    assert "not noted" in capsys.readouterr().out
    assert list(progress.attempts()) == []
