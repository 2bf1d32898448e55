"""What an instructor and the learners get: readable, safe, and the same each time."""

import csv
import io
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from lab_utils.classroom.feedback import feedback, file_names
from lab_utils.classroom.grading import Grade, Mark
from lab_utils.classroom.summary import summary
from lab_utils.classroom.table import table
from lab_utils.classroom.words import grouped, steady
from lab_utils.cli import main
from lab_utils.exercises.catalog import EXERCISES
from tests.classroom.handed_in import FAULTS, dumped, put, solved, zipped

EVIL = "<script>alert(x)</script>&\"'"


def a_grade(student: str = "Ada", message: str = "", held: int = 4) -> Grade:
    """A grade for 2.1 alone."""
    mark = Mark(EXERCISES["2.1"], held, held == 4 and not message, message)
    return Grade(student, (mark,), (), ())


class Page(HTMLParser):
    """The text of a page, the tags in it, and what it would fetch."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.text, self.tags = "", set[str]()
        self.fetched: list[str] = []
        self.feed(content.decode())

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.fetched += [str(value) for name, value in attrs if name == "src"]


def rows(grades: list[Grade]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table(grades).decode("utf-8-sig"))))


def test_what_learners_wrote_is_text_in_every_page() -> None:
    evil = Grade(EVIL, a_grade(message=EVIL, held=1).marks, (EVIL,), (EVIL,))
    for content, times in ((feedback(evil), 4), (summary([evil]), 3)):
        page = Page(content)
        assert "script" not in page.tags
        assert page.text.count(EVIL) >= times
        assert page.fetched == []


def test_a_page_says_each_verdict_in_words_and_in_both_themes() -> None:
    content = feedback(a_grade(message="It gave 1.", held=1))
    page = Page(content)
    assert "◐2.1 Take five, pay for five core" in page.text
    assert "1 of 4 parts hold" in page.text and "It gave 1." in page.text
    assert "0.25 of 1 (25 %)" in page.text
    assert b"prefers-color-scheme:dark" in content


@pytest.mark.parametrize("student", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_name_becomes_a_formula(student: str) -> None:
    assert rows([a_grade(student)])[0]["student"] == f"'{student}"


def test_a_spreadsheet_reads_accents_and_commas() -> None:
    content = table([a_grade('Zoë "Z", Müller', held=1)])
    assert content.startswith(b"\xef\xbb\xbfstudent,2.1 core,total,percent,remark\r\n")
    assert rows([a_grade('Zoë "Z", Müller', held=1)]) == [
        {"student": 'Zoë "Z", Müller', "2.1 core": "0.25", "total": "0.25",
         "percent": "25.0", "remark": ""}]


def test_no_page_takes_the_place_of_another() -> None:
    names = file_names(["a/b", "a:b", "A_B", "a_b-2", "con", "NUL.x", "..", "",
                        "x" * 300, "x" * 299, "Zoë"])
    assert len({name.casefold() for name in names}) == len(names)
    assert names[:2] == ["a_b", "a_b-2"]
    assert names[-1] == "Zoë"
    for name in names:
        assert not set(name) & set('/\\:*?"<>|') and 0 < len(name) < 90
        assert name.casefold().partition(".")[0] not in ("con", "nul")


def test_the_summary_counts_right_ones_and_groups_messages_by_their_kind() -> None:
    messages = ["port 1 is busy. See 2.5.", "port 22 is busy. See 2.5.", "c", "b", "a",
                "a", ""]
    page = Page(summary([a_grade(message=each, held=4) for each in messages]))
    assert "1 of 7" in page.text
    said = ["2 × a", "2 × port … is busy. See 2.5.", "1 × b"]
    assert [page.text.index(words) for words in said] == sorted(
        page.text.index(words) for words in said)
    assert "1 × c" not in page.text


@pytest.mark.parametrize(("one", "other"), [
    ("Something still listens on port 4711: stop it.",
     "Something still listens on port 99: stop it."),
    ("It raised E(<f at 0x7f01>).", "It raised E(<f at 0x80>)."),
    ("Thread-3 (run), was still running", "Thread-12 (run), was still running"),
    ("It raised E(('127.0.0.1', 41000)).", "It raised E(('127.0.0.1', 41001))."),
    ("(c) missed 19 of 20 beats", "(c) missed 20 of 20 beats"),
    ("others had 0 turns of about 20", "others had 2 turns of about 20"),
    ("No file: '/tmp/lab-class-a8_x/f.txt'", "No file: '/tmp/lab-class-zz/f.txt'"),
    ("1 of your 28 samples are slow", "2 of your 30 samples are slow"),
])
def test_what_differs_from_run_to_run_is_not_said(one: str, other: str) -> None:
    assert steady(one) == steady(other) != one


def test_what_a_learner_needs_to_know_is_said() -> None:
    kept = "take(gen, 5) gave [1, 2]; expected [0, 1]. See 2.5 and 2.6, lesson 2."
    assert steady(kept) == kept
    assert grouped(kept) == ("take(gen, …) gave […, …]; expected […, …]. See 2.5 and "
                             "2.6, lesson 2.")
    assert steady("half \ud83d") == "half \\ud83d"


@pytest.mark.program
def test_grading_twice_writes_the_same_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handed_in = tmp_path / "in"
    for name in ("raises in it", "deleted", "empty", "os._exit"):
        put(handed_in, name, FAULTS[name])
    measures = solved("04")
    measures["cells"].append({"cell_type": "code", "source": (
        "def freezers():\n    return {'d'}\n"
        "def run_engine(jobs):\n    import socket, threading\n"
        "    global kept\n    kept = socket.create_server(('127.0.0.1', 0))\n"
        "    raise OSError(kept.getsockname(), object(), {'b', 'a', 'c'})")})
    zipped(handed_in / "=Zoë.zip", {"a/04.ipynb": dumped(measures)})
    for out in ("first", "second"):
        assert main(["class", "grade", str(handed_in), "--out", str(tmp_path / out)]
                    ) == 0
    first, second = ({path.relative_to(folder): path.read_bytes()
                      for path in folder.rglob("*") if path.is_file()}
                     for folder in (tmp_path / "first", tmp_path / "second"))
    assert first == second
    assert len(first) == 2 + 5
    assert str(tmp_path).encode() not in b"".join(first.values())
    captured = capsys.readouterr()
    assert "5 of 5  raises in it: 3.75 of 8\n" in captured.err
    assert "empty: 02-generate-stream.ipynb is empty" in captured.err
    assert "5 graded" in captured.out
    assert "\r" not in captured.err


@pytest.mark.program
def test_in_a_terminal_progress_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "in", "Ada", FAULTS["empty"])
    put(tmp_path / "in", "Bo", FAULTS["empty"])
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["class", "grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"),
                 "--lessons", "2"]) == 0
    shown = capsys.readouterr().err.partition("Ada: 02")[0]
    assert shown == "\r\x1b[K1 of 2  Ada: 0 of 4\r\x1b[K2 of 2  Bo: 0 of 4\n"


@pytest.mark.parametrize(("arguments", "words"), [
    (["in", "--out", "in/graded"], "expected --out outside of"),
    (["missing", "--out", "out"], "missing"),
    (["in", "--out", "out"], "for each learner"),
])
def test_folders_that_do_not_work_are_an_error_of_one_line(
    arguments: list[str], words: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["class", "grade", *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
