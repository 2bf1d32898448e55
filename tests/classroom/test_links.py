"""The buttons that open the lessons elsewhere."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from lab_utils.classroom.links import START, buttons
from lab_utils.cli import main

ROOT = Path(__file__).parents[2]


def addresses(markdown: str) -> list[str]:
    return [line.partition("](")[2].removesuffix(")") for line in markdown.splitlines()]


@pytest.mark.parametrize("repository", [
    "https://github.com/ann/my.lab", "https://github.com/ann/my.lab.git",
    "https://github.com/ann/my.lab/", "git@github.com:ann/my.lab.git",
])
def test_each_way_in_leads_to_the_first_lesson_of_that_repository(
    repository: str,
) -> None:
    binder, codespace, hub = addresses(buttons(repository, "https://hub.example/"))
    assert binder.startswith("https://mybinder.org/v2/gh/ann/my.lab/main?")
    assert parse_qs(urlsplit(binder).query) == {"urlpath": [f"lab/tree/{START}"]}
    assert codespace.startswith("https://codespaces.new/ann/my.lab")
    assert hub.startswith("https://hub.example/hub/user-redirect/git-pull?")
    assert parse_qs(urlsplit(hub).query) == {
        "repo": ["https://github.com/ann/my.lab"], "branch": ["main"],
        "urlpath": [f"lab/tree/my.lab/{START}"],
    }
    assert (ROOT / START).is_file() and (ROOT / "environment.yml").is_file()
    assert (ROOT / ".devcontainer" / "devcontainer.json").is_file()


def test_the_command_prints_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["class", "links", "https://github.com/ann/lab", "--branch", "x"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and "/ann/lab/x?" in lines[0]


@pytest.mark.parametrize("repository", ["", "ann/lab", "https://example.org/ann/lab"])
def test_an_address_that_is_none_says_what_was_expected(
    repository: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["class", "links", repository]) == 2
    assert "https://github.com/OWNER/NAME; got" in capsys.readouterr().err
