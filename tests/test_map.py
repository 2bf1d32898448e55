"""The map of the code is true: what its pages and its picture name is there."""

import importlib
import re
import xml.etree.ElementTree as xml
from pathlib import Path
from typing import Any

import pytest

from lab_utils.engine import FakeEngine
from lab_utils.server import create_app
from tests.lessons.lesson import CORE, NUMBERS, Lesson

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "lab_utils"
PAGE = HOUSE / "README.md"
FRONT = ROOT / "README.md"
SECURITY = ROOT / "SECURITY.md"
PICTURE = ROOT / "notebooks/images/life-of-a-request.svg"

LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)")
SPAN = re.compile(r"`([^`]+)`")
NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
PATH = re.compile(r"[\w….-]+(/[\w….-]*)+|[\w-]+\.(py|md|toml|svg)")
ON_THE_WIRE = ('"', "data: ")


def names(dotted: str) -> bool:
    """Whether `dotted` is something below lab_utils, or an importable name."""
    return _found(f"lab_utils.{dotted}") or _found(dotted)


def _found(dotted: str) -> bool:
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            if not hasattr(value, part):
                return False
            value = getattr(value, part)
        return True
    return False


def exists(path: str) -> bool:
    """Whether a file is there, in the project or in lab_utils; NN is any number, … any
    text, and either must stand for some file."""
    pattern = path.replace("NN", "[0-9][0-9]").replace("…", "*").rstrip("/")
    return any(any(folder.glob(pattern)) for folder in (ROOT, HOUSE))


def is_true(span: str) -> bool:
    """Whether what stands between backticks is there; False for what is unknown."""
    if span.startswith(ON_THE_WIRE):
        return True
    if span.startswith("/"):
        app = create_app(FakeEngine())
        return span in {getattr(route, "path", "") for route in app.routes}
    if span.startswith("make "):
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        return f"\n{span.removeprefix('make ')}:" in makefile
    if PATH.fullmatch(span):
        return exists(span)
    return bool(NAME.fullmatch(span)) and names(span)


def spans(page: Path) -> list[str]:
    """What stands between backticks in `page`, on one line or on two."""
    text = page.read_text(encoding="utf-8")
    return [" ".join(span.split()) for span in SPAN.findall(text)]


def test_every_name_on_the_map_is_there() -> None:
    said = spans(PAGE)
    assert len(said) > 40
    assert [span for span in said if not is_true(span)] == []


@pytest.mark.parametrize("span", [
    "engine.driver.Driver.leap", "engine.drivers.Driver", "client.py.bak", "gone.py",
    "engine/gone.py", "notebooks/NN-….txt", "/generated", "make haste", "2 + 2",
])
def test_what_is_not_there_would_be_noticed(span: str) -> None:
    assert not is_true(span)


@pytest.mark.parametrize("page", [PAGE, FRONT, SECURITY], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8"))
             if "://" not in link]
    assert len(links) > 4
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_front_page_leads_to_the_map() -> None:
    assert "](lab_utils/README.md)" in FRONT.read_text(encoding="utf-8")


def test_the_picture_names_files_of_the_same_steps_as_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    steps = dict(re.findall(r"^(\d+)\. ((?:.+\n)(?:   .+\n)*)", page, re.MULTILINE))
    drawn: dict[str, list[str]] = {}
    for box in xml.parse(PICTURE).getroot().iter("{http://www.w3.org/2000/svg}g"):
        words = {"number": [""], "file": list[str]()}
        for text in box:
            words.setdefault(text.get("class") or "", []).append(text.text or "")
        drawn[words["number"][-1]] = words["file"]
    assert list(drawn) == list(steps) == [str(n) for n in range(1, len(steps) + 1)]
    for number, files in drawn.items():
        assert files
        for file in files:
            assert (HOUSE / file).is_file()
            assert f"]({file})" in steps[number], f"step {number} lacks {file}"


def test_the_front_page_lists_every_room() -> None:
    text = FRONT.read_text(encoding="utf-8")
    tree = text.partition("## What is where")[2].split("```")[1]
    listed = re.findall(r"^  (\S+)  ", tree, re.MULTILINE)
    assert len(listed) == len(set(listed))
    rooms = {
        f"{each.name}/" if each.is_dir() else each.name
        for each in HOUSE.iterdir() if each.name[0] not in "_."
    }
    assert set(listed) == rooms - {PAGE.name}


@pytest.mark.parametrize("number", NUMBERS)
def test_the_front_page_lists_every_lesson_with_its_minutes(number: str) -> None:
    lesson = Lesson(number)
    row = rf"^\| \[{number} .+\]\(notebooks/(.+)\) \| .+ \| (\d+) \|$"
    said = re.findall(row, FRONT.read_text(encoding="utf-8"), re.MULTILINE)
    minutes = sum(section.minutes for section in lesson.of_kind(CORE))
    assert said == [(lesson.path.name, str(minutes))]
