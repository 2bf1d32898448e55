"""Finding what was handed in: folders, ZIPs, notebooks, and what is none of them."""

import io
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from lab_utils.classroom import archive, submission
from lab_utils.classroom.submission import find
from tests.classroom.handed_in import dumped, put, right, solved, zipped


def test_a_folder_a_zip_and_a_notebook_are_submissions_and_nothing_else_is(
    tmp_path: Path,
) -> None:
    put(tmp_path, "Zoë Müller", right())
    zipped(tmp_path / "ada lovelace.zip", {"deep/er/02.ipynb": right()})
    (tmp_path / "Bo.ipynb").write_bytes(right())
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / ".DS_Store").mkdir()
    found = find(tmp_path)
    assert [each.student for each in found] == ["ada lovelace", "Bo", "Zoë Müller"]
    assert [each.notebooks[0].lessons for each in found] == [("2",)] * 3


def test_copies_that_programs_make_are_not_handed_in(tmp_path: Path) -> None:
    put(tmp_path, "Ada", right())
    for folder in (".ipynb_checkpoints", "__MACOSX"):
        put(tmp_path / "Ada", folder, b"")
    (tmp_path / "Ada/._02.ipynb").write_bytes(b"")
    zipped(tmp_path / "Ada/more.zip", {
        "08.ipynb": dumped(solved("08")), "__MACOSX/._08.ipynb": b"",
        ".ipynb_checkpoints/08-checkpoint.ipynb": b""})
    (found,) = find(tmp_path)
    assert [each.name for each in found.notebooks] == [
        "02-generate-stream.ipynb", "08.ipynb"]
    assert found.troubles == []


def test_learners_of_one_name_are_told_apart(tmp_path: Path) -> None:
    put(tmp_path, "Ada", right())
    zipped(tmp_path / "Ada.zip", {"02.ipynb": right()})
    (tmp_path / "Ada.ipynb").write_bytes(right())
    assert [each.student for each in find(tmp_path)] == ["Ada", "Ada.ipynb", "Ada.zip"]


def test_an_accent_is_one_character_and_a_control_character_none(
    tmp_path: Path,
) -> None:
    put(tmp_path, "Zoe\u0308\x1b[31m", right())
    assert find(tmp_path)[0].student == "Zo\u00eb_[31m"


@pytest.mark.parametrize("name", ["../02.ipynb", "/02.ipynb", "a/../../02.ipynb",
                                  "C:/02.ipynb", "..\\02.ipynb"])
def test_a_zip_that_leads_out_of_itself_is_refused(name: str, tmp_path: Path) -> None:
    zipped(tmp_path / "Eve.zip", {"02.ipynb": right(), name: right()})
    (found,) = find(tmp_path)
    assert found.notebooks == []
    assert "a name in it leads out of it" in found.troubles[0]
    assert [path.name for path in tmp_path.iterdir()] == ["Eve.zip"]


def test_a_zip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_ZIP", 3_000_000)
    with ZipFile(tmp_path / "Eve.zip", "w", ZIP_DEFLATED) as bomb:
        bomb.writestr("02.ipynb", bytes(4_000_000))
    assert "it unpacks to 4 MB; 3 MB at most" in find(tmp_path)[0].troubles[0]


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as bomb:
        bomb.writestr("02.ipynb", bytes(40_000))
    size = (40_000).to_bytes(4, "little")
    (tmp_path / "Eve.zip").write_bytes(
        buffer.getvalue().replace(size, (4).to_bytes(4, "little")))
    assert "damaged" in find(tmp_path)[0].troubles[0]


def test_too_many_files_in_a_zip_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_FILES", 2)
    zipped(tmp_path / "Eve.zip", {f"{at}.txt": b"" for at in range(3)})
    assert "it has 3 files; 2 at most" in find(tmp_path)[0].troubles[0]


def test_a_zip_with_a_password_is_said_to_have_one(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as locked:
        locked.writestr(ZipInfo("02.ipynb"), b"12345")
    content = bytearray(buffer.getvalue())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "Eve.zip").write_bytes(content)
    assert "a password" in find(tmp_path)[0].troubles[0]


@pytest.mark.parametrize("cut", [0, 1, 30, 100, -30, -1])
def test_a_damaged_zip_is_said_to_be_one(cut: int, tmp_path: Path) -> None:
    zipped(tmp_path / "whole.zip", {"02.ipynb": right()})
    whole = (tmp_path / "whole.zip").read_bytes()
    (tmp_path / "whole.zip").write_bytes(whole[:cut])
    assert "damaged one: pack it again" in find(tmp_path)[0].troubles[0]


def test_a_notebook_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "LARGEST_NOTEBOOK", 1_000_000)
    put(tmp_path, "Ada", b" " * 1_000_001)
    zipped(tmp_path / "Bo.zip", {"02.ipynb": b" " * 1_000_001})
    for found in find(tmp_path):
        assert "is larger than 1 MB: clear all outputs" in found.troubles[0]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_bytes(right())
    (tmp_path / "class/Eve").mkdir(parents=True)
    (tmp_path / "class/Eve/02.ipynb").symlink_to(tmp_path / "secret.txt")
    assert find(tmp_path / "class")[0].troubles == ["No notebook was handed in."]


def test_a_folder_without_submissions_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="for each learner"):
        find(tmp_path)


@pytest.mark.parametrize(("name", "cells", "lessons"), [
    ("2024-work.ipynb", ["check.exercise_2_1(take)"], ("2",)),
    ("03.ipynb", ["check.exercise_2_1(take)", "check.exercise_8_1(admit)"],
     ("2", "8")),
    ("my 02 (1).ipynb", ["x = 1"], ("2",)),
    ("mine.ipynb", ["async def app(scope, receive, send):\n    pass"], ("1",)),
    ("mine.ipynb", ["x = 1"], ()),
])
def test_its_lessons_are_found_whatever_its_name(
    name: str, cells: list[str], lessons: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(dumped({"cells": [
        {"cell_type": "code", "source": source} for source in cells]}))
    (notebook,) = find(tmp_path)[0].notebooks
    assert notebook.lessons == lessons
    assert ("no exercise of this series" in " ".join(notebook.notes)) == (not lessons)
