"""The programs that check the lessons do find what is wrong, in a made-up lesson."""

from pathlib import Path

import pytest

from tests.lessons import test_load, test_mutants, test_sections, test_terms
from tests.lessons.glossary import Term
from tests.lessons.kernel import BEGIN, LEFT_BEHIND, Kernel
from tests.lessons.made_up import lesson, section
from tests.lessons.mutants import Mutant

CUT = 'return f"data: {payload}\\n\\n"'
FRAMES = [
    ("catch-up", "from lab_utils.sse import encode"),
    ("code", "frame = encode('a')"),
    ("code", "assert frame.endswith(b'\\n\\n')"),
]


def mutant(new: str, old: str = CUT) -> Mutant:
    return Mutant("made up", "lab_utils/sse.py", old, new, "9.1")


def test_words_are_what_is_read(tmp_path: Path) -> None:
    text = (
        "### Not the heading\n\nFour words, `one.more` [here](http://a.b).\n\n"
        "```mermaid\nnot this\n```\n\n| two | words |\n| --- | :-: |\n\n"
        "<b>one</b> ![no](x.png) <!-- not\nthis -->"
    )
    assert section(tmp_path, ("md", text)).words == 4 + 2 + 1


def test_a_prediction_and_its_box_are_one_thing_to_guess(tmp_path: Path) -> None:
    asked, box = ("md", "**Predict:** how many?"), ("code", "guess = predict('a')")
    by_hand, two = ("code", "guess = 4"), ("code", "predict('a'); predict('b')")
    cells = [asked, box, asked, by_hand, box, two]
    assert section(tmp_path, *cells).predictions == 1 + 1 + 1 + 2


def test_words_with_nothing_to_do_between_are_found(tmp_path: Path) -> None:
    half, code = ("md", "word " * 160), ("code", "1")
    assert test_load.long_reads(lesson(tmp_path, half, code, half)) == []
    [found] = test_load.long_reads(lesson(tmp_path, half, ("catch-up", "1"), half))
    assert found.startswith("320 words from the title to the end")


def test_minutes_without_a_question_are_found(tmp_path: Path) -> None:
    five = ("md", "word " * 1000)
    question = ("md", "<details><summary>Why?</summary></details>")
    assert test_load.thoughtless(lesson(tmp_path, five, question, five)) == []
    [found] = test_load.thoughtless(lesson(tmp_path, five, five))
    assert found.startswith("10.3 minutes from the start to the end")


def test_wrong_minutes_are_found(tmp_path: Path) -> None:
    three, six = ("md", "word " * 600), ("md", "word " * 1200)
    assert test_load.wrong_minutes(lesson(tmp_path, three)) == []
    assert test_load.wrong_minutes(lesson(tmp_path, six)) == [
        "9.1 states 3 minutes, takes 6.2"
    ]


def test_too_many_terms_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [Term(name, "", "09", "9.1", "") for name in "abcd"]
    monkeypatch.setattr(test_load, "terms", lambda: words[:3])
    assert test_load.too_many_terms(lesson(tmp_path)) == []
    monkeypatch.setattr(test_load, "terms", lambda: words)
    assert test_load.too_many_terms(lesson(tmp_path)) == ["9.1 brings a, b, c, d"]


def test_headings_of_another_form_are_found(tmp_path: Path) -> None:
    assert test_load.wrong_headings(lesson(tmp_path, ("md", "### Small"))) == []
    wrong = ["## 9.2 No minutes", "Inside\n\n## 9.2 Cell · core, 2 minutes",
             "## 9.3 Wrong number · core, 2 minutes", "## Side path · 2 minutes"]
    for text in wrong:
        assert test_load.wrong_headings(lesson(tmp_path, ("md", text))), text


def test_a_term_before_its_definition_is_found(tmp_path: Path) -> None:
    word = Term("key query", "", "09", "9.1", "09-made-up.ipynb")
    text = "`key query` A **key\nquery** is … Key queries are …"
    well = lesson(tmp_path, ("md", text))
    assert list(test_terms.used_too_early([well], (word,))) == []
    early = lesson(tmp_path, ("md", "Key\nqueries come. " + text))
    [(number, name, where)] = test_terms.used_too_early([early], (word,))
    assert (number, name) == ("09", "key query")
    assert "Key queries come." in where


def test_a_term_that_only_a_side_path_defines_is_found(tmp_path: Path) -> None:
    side = Term("pool", "", "09", "Side path: X", "09-made-up.ipynb")
    used = lesson(tmp_path, ("md", "Pools."), ("md", "## Side path: X · 1 minute"))
    assert list(test_terms.used_too_early([used], (side,)))


def test_a_name_that_nobody_introduced_is_found(tmp_path: Path) -> None:
    cells = [
        ("catch-up", "hidden = told = 1"),
        ("md", "There is `told(1)`."),
        ("code", "def f(a):\n    b = a\n    return [c for c in late(b + told)]"),
        ("code", "await asyncio.sleep(hidden)\nlate = print"),
    ]
    unknown = test_terms.unknown_names([lesson(tmp_path, *cells)])
    assert [name for _, name, _ in unknown] == ["late", "asyncio", "hidden"]


def test_an_import_in_sight_is_known_to_later_lessons(tmp_path: Path) -> None:
    first = lesson(tmp_path, ("code", "import json\nx = json"))
    second = lesson(tmp_path, ("catch-up", "import json"), ("code", "json, x"))
    assert [name for _, name, _ in test_terms.unknown_names([first, second])] == ["x"]


def test_define_runs_what_a_definition_needs_and_nothing_else(tmp_path: Path) -> None:
    made = lesson(
        tmp_path,
        ("catch-up", "from lab_utils.sse import encode as first"),
        ("code", "import json\nraise SystemExit\nNAME = json.dumps('a')"),
        ("code", "def first():\n    return NAME\n%time"),
        ("code", "def f():\n    return 'draft'\nlaunch = missile()"),
        ("code", "async def f():\n    launch = first()\n    return launch, later()"),
        ("code", "later = await f() if False else (lambda: 'later')"),
        ("code", "from lab_utils.sse import encode as f"),
    )
    names = made.define("f")
    with pytest.raises(StopIteration) as returned:
        names["f"]().send(None)
    assert returned.value.value == ('"a"', "later")
    assert "launch" not in names
    with pytest.raises(LookupError, match="'g'"):
        made.define("g")


def test_a_mutant_that_the_lesson_sees_is_caught(tmp_path: Path) -> None:
    lesson(tmp_path, *FRAMES)
    seen = test_mutants.catch(mutant(CUT[:-3] + '"'), "09", tmp_path, tmp_path)
    assert "assert frame.endswith" in seen


@pytest.mark.parametrize(
    "new, cells, message",
    [
        (CUT + " ", FRAMES, "not caught: section 9.1 ran"),
        (CUT + "[1:]", [("code", "raise ValueError")], "by an assert: ValueError"),
        (CUT + "[1:]", [("catch-up", "assert 0")], "by an assert: AssertionError"),
        (CUT + "[1:]", [("code", "while True: pass")], "hangs in cell 2"),
        ("return (", FRAMES, "breaks at import"),
    ],
)
def test_a_mutant_that_no_assert_catches_is_found(
    new: str, cells: list[tuple[str, str]], message: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(test_mutants, "RUN_S", 3)
    lesson(tmp_path, *cells)
    with pytest.raises(AssertionError, match=message):
        test_mutants.catch(mutant(new), "09", tmp_path, tmp_path)


def test_a_mutant_that_fits_nowhere_is_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="0 times"):
        test_mutants.mutated(mutant("new", old="x y z"), tmp_path)


def test_a_section_that_needs_another_is_found(tmp_path: Path) -> None:
    cells = [("code", "x = 1"), ("md", "## 9.2 Two · core, 2 minutes"), ("code", "x")]
    made = lesson(tmp_path, *cells)
    with Kernel() as kernel:
        test_sections.run(kernel, made.section("9.1"))
        with pytest.raises(AssertionError, match=r"section 9\.2, cell 4"):
            test_sections.run(kernel, made.section("9.2"))


def test_what_a_lesson_leaves_behind_is_found() -> None:
    leak = """
import subprocess, sys, threading
from lab_utils import BackgroundServer, create_app
from lab_utils.engine import FakeEngine
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
"""
    one_by_one = {
        "process": "process = subprocess.Popen(sleep)",
        "thread Thread-": "threading.Thread(target=process.wait).start()",
        "running Background": "BackgroundServer(create_app(FakeEngine())).start()",
    }
    with Kernel() as kernel:
        assert not kernel.run(BEGIN).error
        assert not kernel.run(leak).error
        assert not kernel.run(LEFT_BEHIND).error
        for what, how in one_by_one.items():
            assert not kernel.run(how).error
            assert what in kernel.run(LEFT_BEHIND).message
        kernel.run("process.kill(); lab_utils.stop_all()")
