"""Claims can fail: every mutant of the library is caught by an assert of its lesson."""

import importlib
import re
import shutil
import time
from pathlib import Path

import pytest

import lab_utils
from tests.lessons.kernel import Kernel
from tests.lessons.lesson import LESSONS, NOTEBOOKS, Lesson
from tests.lessons.mutants import Mutant

LIBRARY = Path(lab_utils.__file__).parent
DATA = ("model/tutor", "server/page")
CATCHING = ("AssertionError", "NotYet")
"""An assert's error, and that of a check of what the learner wrote: an assert, too."""
RUN_S = 60
AT_LEAST = 5


def mutants() -> list[tuple[str, Mutant]]:
    """The mutants of all lessons, each with its lesson's number."""
    found: list[tuple[str, Mutant]] = []
    for path in sorted(Path(__file__).parent.glob("mutants_[0-9][0-9].py")):
        module = importlib.import_module(f"tests.lessons.{path.stem}")
        found += [(path.stem[-2:], mutant) for mutant in module.MUTANTS]
    return found


ALL = mutants()


def slug(given: tuple[str, Mutant]) -> str:
    number, mutant = given
    name = re.sub(r"[^a-z0-9]+", "-", mutant.name.lower())
    return f"{number}-{mutant.section}-{name}"


def mutated(mutant: Mutant, folder: Path) -> Path:
    """A copy of the library in `folder`, mutated; the data are links."""
    copy = folder / "lab_utils"
    data = [LIBRARY / each for each in DATA]
    shutil.copytree(
        LIBRARY, copy,
        ignore=lambda at, names: [name for name in names if Path(at, name) in data],
    )
    for each in DATA:
        (copy / each).symlink_to(LIBRARY / each)
    file = copy / mutant.path.removeprefix("lab_utils/")
    text = file.read_text(encoding="utf-8")
    count = text.count(mutant.old)
    assert count == 1, f"{mutant.path} has the old text {count} times, not once"
    assert mutant.new != mutant.old, "the mutant changes nothing"
    file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    return copy


def catch(mutant: Mutant, number: str, folder: Path, lessons: Path = NOTEBOOKS) -> str:
    """Run the mutant's section alone; returns what caught it, fails if nothing did."""
    lesson = Lesson(number, lessons)
    copy = mutated(mutant, folder)
    section = lesson.section(mutant.section)
    with Kernel(lesson.path.parent, PYTHONPATH=str(folder)) as kernel:
        module = mutant.path.removesuffix(".py").replace("/", ".")
        begin = f"import lab_utils, {module.removesuffix('.__init__')}"
        broken = kernel.run(
            f"{begin}\nassert lab_utils.__file__.startswith({str(copy)!r})"
        )
        assert not broken.error, f"breaks at import:\n{broken.trace}"
        end = time.monotonic() + RUN_S
        for cell in section.code:
            try:
                reply = kernel.run(cell.source, timeout_s=end - time.monotonic())
            except TimeoutError as error:
                raise AssertionError(f"not caught, hangs in {cell}: {error}") from None
            if reply.error in CATCHING and not cell.is_catch_up:
                return f"{cell}: {reply.message}"
            assert not reply.error, (
                f"not caught by an assert: {reply.error} in {cell}\n{reply.trace}"
            )
    raise AssertionError(f"not caught: section {section.name} ran without an error")


@pytest.mark.timeout(2 * RUN_S)
@pytest.mark.parametrize("given", ALL, ids=slug)
def test_caught_by_its_lesson(given: tuple[str, Mutant], tmp_path: Path) -> None:
    number, mutant = given
    print("caught by", catch(mutant, number, tmp_path))


@pytest.mark.parametrize("number", LESSONS)
def test_every_lesson_catches_at_least_five(number: str) -> None:
    mine = [mutant for lesson, mutant in ALL if lesson == number]
    assert len(mine) >= AT_LEAST, f"only {len(mine)} mutants"
