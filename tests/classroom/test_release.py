"""The learners' copy: no solution in it, and nobody's work is ever lost."""

import json
from pathlib import Path

import pytest

from lab_utils.classroom.release import MANIFEST, release
from lab_utils.cli import main
from lab_utils.exercises.stubs import BEGIN, FOLDER

NAMES = sorted(path.name for path in FOLDER.glob("*.ipynb"))


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns)
            for path in folder.iterdir()}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A first version of two notebooks."""
    folder = tmp_path / "source"
    folder.mkdir()
    for name in ("01-a.ipynb", "02-b.ipynb"):
        (folder / name).write_text("first")
    return folder


def test_learners_get_every_exercise_and_no_solution(tmp_path: Path) -> None:
    done = release(tmp_path / "new" / "copy")
    assert done.written == NAMES
    copies = sorted((tmp_path / "new/copy").iterdir())
    assert [path.name for path in copies] == [MANIFEST, *NAMES]
    assert not [path for path in copies if BEGIN in path.read_text(encoding="utf-8")]


def test_the_same_command_twice_writes_nothing(tmp_path: Path) -> None:
    release(tmp_path)
    before = snapshot(tmp_path)
    assert release(tmp_path).same == NAMES
    assert snapshot(tmp_path) == before


def test_an_unchanged_file_is_updated_and_a_changed_one_stays(
    source: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    release(copy, source)
    (copy / "02-b.ipynb").write_text("my work")
    for name in ("01-a.ipynb", "02-b.ipynb"):
        (source / name).write_text("second")
    done = release(copy, source)
    assert (done.updated, done.left) == (["01-a.ipynb"], ["02-b.ipynb"])
    assert (copy / "01-a.ipynb").read_text() == "second"
    assert (copy / "02-b.ipynb").read_text() == "my work"


@pytest.mark.parametrize("manifest", [None, "{", "[]", "7"])
def test_without_its_manifest_every_other_file_stays(
    manifest: str | None, source: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    release(copy, source)
    (copy / MANIFEST).unlink()
    if manifest is not None:
        (copy / MANIFEST).write_text(manifest)
    (source / "01-a.ipynb").write_text("second")
    done = release(copy, source)
    assert (done.left, done.same) == (["01-a.ipynb"], ["02-b.ipynb"])
    assert list(json.loads((copy / MANIFEST).read_text())) == ["02-b.ipynb"]


def test_a_file_that_was_deleted_comes_again_and_a_folder_stays(
    source: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    release(copy, source)
    for name in ("01-a.ipynb", "02-b.ipynb"):
        (copy / name).unlink()
    (copy / "02-b.ipynb").mkdir()
    done = release(copy, source)
    assert (done.written, done.left) == (["01-a.ipynb"], ["02-b.ipynb"])


def test_a_release_that_is_interrupted_leaves_whole_files(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    release(copy, source)
    (source / "01-a.ipynb").write_text("second")

    def full(*paths: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", full)
    before = snapshot(copy)
    with pytest.raises(OSError, match="no space"):
        release(copy, source)
    assert snapshot(copy) == before


def test_on_the_command_line_a_file_that_stays_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["class", "release", str(tmp_path)]) == 0
    assert "8 new, 0 updated, 0 as before, 0 left" in capsys.readouterr().out
    (tmp_path / NAMES[1]).write_text("my work")
    assert main(["class", "release", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert f"{NAMES[1]} was changed since it was released, and is left as it is" in out
    assert "0 new, 0 updated, 7 as before, 1 left" in out


def test_without_the_exercises_it_says_where_they_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a copy of the repository"):
        release(tmp_path / "copy", tmp_path)
