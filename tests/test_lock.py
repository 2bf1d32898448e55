"""One lock for every way to install: plain, complete, and agreed with conda's torch."""

import re
import tomllib
from itertools import product
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LINES = [
    line
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
LOCK = [Requirement(line) for line in LINES]
PYTHONS = ("3.11.7", "3.12.1", "3.13.0")
SYSTEMS = ("linux", "darwin", "win32")


def declared() -> list[Requirement]:
    """Everything that pyproject.toml asks for, for lessons and for tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    about = project["project"]
    wanted = about["dependencies"] + about["optional-dependencies"]["test"]
    return [Requirement(each) for each in wanted]


def locked(python: str, system: str) -> dict[str, str]:
    """The version of each package on one Python and one system; it is only one."""
    found: dict[str, str] = {}
    where = {
        "python_full_version": python, "python_version": python.rpartition(".")[0],
        "sys_platform": system, "os_name": "nt" if system == "win32" else "posix",
    }
    for each in LOCK:
        if each.marker is None or each.marker.evaluate(where):
            name = canonicalize_name(each.name)
            assert name not in found, name
            found[name] = str(each.specifier).removeprefix("==")
    return found


def test_each_line_is_a_name_and_one_public_version() -> None:
    for line in LINES:
        assert re.fullmatch(r"[a-z0-9.-]+==[0-9a-z.]+( ; .+)?", line), line


@pytest.mark.parametrize(("python", "system"), list(product(PYTHONS, SYSTEMS)))
def test_what_pyproject_asks_for_is_locked(python: str, system: str) -> None:
    versions = locked(python, system)
    for wanted in declared():
        version = versions[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(version), f"{wanted}: {version}"


def test_conda_takes_the_lock_and_its_torch() -> None:
    environment = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert "- -c constraints.txt\n" in environment
    found = re.search(r"pytorch-cpu=(\S+)", environment)
    assert found, environment
    assert found.group(1) == locked("3.12.1", "linux")["torch"]


INSTALLERS = (
    "Makefile", "README.md", "notebooks/INSTRUCTORS.md", ".github/workflows/test.yml",
)


@pytest.mark.parametrize("file", INSTALLERS)
def test_whoever_installs_takes_the_lock(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    installs = re.findall(r"install .*-e .+", text)
    assert installs
    for line in installs:
        assert "-c constraints.txt" in line or "$(LOCK:%=-c %)" in line, line
