"""`doctor()`: what it finds, and that it says what to do."""

import socket
from importlib.metadata import version
from pathlib import Path

import pytest

from lab_utils import BackgroundServer, create_app, doctor, installation
from lab_utils.engine import FakeEngine


def finding(name: str) -> installation.Finding:
    return next(found for found in installation.examine() if found.name == name)


def test_here_everything_that_the_lessons_need_is_well(
    capsys: pytest.CaptureFixture[str],
) -> None:
    doctor()
    said = capsys.readouterr().out
    assert "✗" not in said, said
    assert said.endswith("All is well: go on.\n")
    assert "“What is 1 + 1?” “The answer is 2.”" in said


def test_a_missing_package_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(installation, "PACKAGES", ("no-such-package",))
    doctor()
    said = capsys.readouterr().out
    assert "✗ no-such-package not installed" in said
    assert "pip install" in said
    assert said.endswith("Mend first: no-such-package\n")


def test_it_says_whether_weights_are_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "obstacle", lambda dtype: None)
    assert finding("weights").state == "packed for this processor"
    monkeypatch.setattr(installation, "obstacle", lambda dtype: "no oneDNN")
    found = finding("weights")
    assert found.state == "not packed: no oneDNN"
    assert not found.needed


def lock(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `text` the lock that doctor() reads."""
    path = folder / "constraints.txt"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(installation, "LOCK", path)


def test_a_version_other_than_the_locks_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(tmp_path, "# a comment\npytest==1.0\n", monkeypatch)
    found = finding("lock")
    assert found.state == f"pytest {pytest.__version__} (tested: ==1.0)"
    assert "make setup" in found.advice
    assert "pip install -c constraints.txt" in found.advice
    assert not found.needed


def test_of_many_other_versions_a_few_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("pytest", "httpx", "uvicorn", "fastapi", "torch", "jupyterlab")
    lock(tmp_path, "".join(f"{name}==0.0.1\n" for name in names), monkeypatch)
    state = finding("lock").state
    assert state.startswith("pytest ")
    assert state.endswith(" and 2 more")


def test_a_lock_is_kept_by_a_local_build_and_by_what_is_not_for_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = version("torch").partition("+")[0]
    text = f"torch=={public}\nno-such-package==1\n" + (
        "pytest==1.0 ; sys_platform == 'another'\n"
    )
    lock(tmp_path, text, monkeypatch)
    assert finding("lock").advice == ""


def test_without_a_lock_nothing_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "LOCK", tmp_path / "constraints.txt")
    assert "lock" not in [found.name for found in installation.examine()]


def test_an_unfit_python_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "OLDEST", (4, 0))
    assert "install Python" in finding("Python").advice


def test_missing_weights_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(installation, "TUTOR", tmp_path_factory.mktemp("empty"))
    found = finding("tutor")
    assert found.needed
    assert "clone" in found.advice


def test_a_look_that_fails_does_not_hide_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(name: str) -> None:
        raise ZeroDivisionError("what nobody foresaw")

    monkeypatch.setattr(installation, "load_engine", broken)
    assert "ZeroDivisionError" in finding("tutor").state
    assert finding("loopback").advice == ""


def test_running_servers_and_their_threads_are_listed() -> None:
    assert finding("servers").state == "none running here"
    with BackgroundServer(create_app(FakeEngine())) as server:
        assert server.url in finding("servers").state
        assert "stop_all" in finding("servers").advice
        assert "lab-engine-fake" in finding("threads").state
    assert finding("servers").state == "none running here"


def test_a_taken_port_5000_is_only_good_to_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(installation, "SERVE_PORT", taken.getsockname()[1])
        found = finding("port 5000")
    assert found.state == "taken"
    assert not found.needed


def test_a_pace_from_outside_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_PACE_MS", "7")
    assert "LAB_PACE_MS=7" in finding("pace").state
