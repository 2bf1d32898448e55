"""What loads what: each claim in a fresh process."""

import subprocess
import sys

import pytest

import lab_utils

HEAVY = ("torch", "transformers", "ipywidgets", "fastapi", "flask")


def loaded_by(code: str) -> set[str]:
    """Which heavy packages, and which rooms of ours, a new Python has after `code`."""
    program = (
        f"{code}\nimport sys\n"
        "print(*{'.'.join(name.split('.')[:2]) if name.startswith('lab_utils') else "
        "name.partition('.')[0] for name in sys.modules})"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True, text=True, check=True,
    )
    names = set(run.stdout.split())
    return {name for name in names if name in HEAVY or name.startswith("lab_utils.")}


def test_the_package_alone_loads_nothing() -> None:
    assert loaded_by("import lab_utils") == set()


def test_the_client_loads_neither_torch_nor_widgets_nor_a_server() -> None:
    assert loaded_by("from lab_utils import LabClient") == {
        "lab_utils.address", "lab_utils.client", "lab_utils.reply", "lab_utils.sse",
        "lab_utils.tokens",
    }


@pytest.mark.parametrize("code", [
    "from lab_utils import BackgroundServer, create_app",
    "from lab_utils import create_app; from lab_utils.engine import FakeEngine; "
    "create_app(FakeEngine())",
    "from lab_utils.runners import ProcessRunner; ProcessRunner('tutor')",
])
def test_a_server_without_a_model_loads_neither_torch_nor_widgets(code: str) -> None:
    loaded = loaded_by(code)
    assert not loaded & {"torch", "transformers", "ipywidgets", "lab_utils.model"}


@pytest.mark.program
def test_an_engine_loads_no_server_and_no_widgets() -> None:
    loaded = loaded_by("from lab_utils import load_engine")
    assert loaded == {
        "torch", "transformers", "lab_utils.engine", "lab_utils.model",
        "lab_utils.prompts", "lab_utils.tokens",
    }


@pytest.mark.program
def test_the_engines_child_loads_no_widgets_plots_or_server() -> None:
    loaded = loaded_by(
        "import lab_utils.runners.process.child; from lab_utils import load_engine"
    )
    assert loaded == {
        "torch", "transformers", "lab_utils.engine", "lab_utils.model",
        "lab_utils.prompts", "lab_utils.runners", "lab_utils.tokens",
    }


def test_a_picture_loads_neither_torch_nor_a_server() -> None:
    assert loaded_by("from lab_utils.plots import lanes") == {
        "lab_utils.plots", "lab_utils.timeline", "lab_utils.whole_file",
    }


def test_every_name_is_offered_and_can_be_had() -> None:
    assert set(lab_utils.__all__) <= set(dir(lab_utils))
    for name in lab_utils.__all__:
        assert getattr(lab_utils, name).__name__ == name


def test_a_name_that_is_none_is_said_so() -> None:
    with pytest.raises(AttributeError, match="no attribute 'engines'"):
        lab_utils.engines  # noqa: B018
