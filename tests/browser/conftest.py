"""JupyterLab as a learner has it: a real server and Chromium, a copy of the lessons.

Runs where Chromium is installed; LAB_BROWSER=required makes its absence a failure.
Screenshots go to .artifacts/.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / ".artifacts"
PACE_MS = "25"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update",
         "--disable-sync"]


def find_chromium() -> str | None:
    """The installed Chromium or Chrome, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One headless Chromium per file. Not longer: while it lives, Playwright keeps an
    event loop running in this thread, in which no other test could start its own."""
    path = find_chromium()
    if path is None:
        message = "no Chromium here: install it (Debian: apt-get install chromium)"
        if os.environ.get("LAB_BROWSER") == "required":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def lab_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """JupyterLab on a copy of the notebooks; yields the address of its file tree."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", home / "notebooks")
    with jupyter_lab(home) as url:
        yield url


@contextmanager
def jupyter_lab(
    home: Path, theme: str = "Light", pace_ms: str | None = PACE_MS
) -> Iterator[str]:
    """A JupyterLab whose files are in `home`, its notebooks in `home/notebooks`.

    pace_ms: of all engines in it; None leaves each as its notebook says.
    """
    settings = home / "s" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    choice = {"theme": f"JupyterLab {theme}"}
    (settings / "themes.jupyterlab-settings").write_text(json.dumps(choice))
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    port = _free_port()
    log = (home / "jupyter.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
         f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
         "--IdentityProvider.token=", f"--ServerApp.root_dir={home}",
         "--LabApp.news_url=", "--LabApp.check_for_updates_class="
         "jupyterlab.NeverCheckForUpdate"],
        stdout=log, stderr=log,
        env={**os.environ, **({"LAB_PACE_MS": pace_ms} if pace_ms else {}),
             "JUPYTER_CONFIG_DIR": str(home / "c"),
             "JUPYTERLAB_SETTINGS_DIR": str(home / "s"),
             "JUPYTERLAB_WORKSPACES_DIR": str(home / "w")},
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api", process)
        yield f"http://127.0.0.1:{port}/lab/tree/notebooks"
    finally:
        process.terminate()
        process.wait(15)
        log.close()


def write_notebook(path: Path, cells: list[str]) -> None:
    """A notebook of code cells."""
    path.parent.mkdir(exist_ok=True)
    made = [nbformat.v4.new_code_cell(source) for source in cells]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    about = {"kernelspec": kernel}
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=about), path)


def run_all(page: Page, url: str) -> None:
    """Open a notebook and choose Run All Cells, as a learner does."""
    page.goto(url)
    expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible(timeout=60_000)
    # The kernel's name appears when it is connected; before that Run All would ask.
    kernel = page.locator(".jp-Toolbar-kernelName")
    expect(kernel).to_contain_text("Python", timeout=60_000)
    page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]',
                           timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def show_cell(page: Page, index: int) -> None:
    """Scroll so that a cell stands at the top; what is out of view is not rendered."""
    page.evaluate("index => document.querySelectorAll('.jp-Notebook .jp-Cell')[index]"
                  ".scrollIntoView({block: 'start'})", index)


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh window; a screenshot named after the test is kept when it ends."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    window = context.new_page()
    yield window
    screenshot(window, re.sub(r"\W+", "-", request.node.name))
    context.close()


def screenshot(page: Page, name: str) -> None:
    """Keep what `page` shows now."""
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}.png")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not answer at {url}; exit {process.poll()}")
