"""Takes the README's pictures from a real run: `make pictures`."""

import os
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import (
    QUIET,
    ROOT,
    find_chromium,
    jupyter_lab,
    run_all,
    show_cell,
    write_notebook,
)

IMAGES = ROOT / "notebooks" / "images"

CELLS = [
    """\
from lab_utils import *
from lab_utils.baselines import create_flask_app
engine = load_engine("tutor", pace_ms=60)
server = BackgroundServer(create_app(engine)).start()
flask = BackgroundServer(create_flask_app(engine)).start()""",
    "LivePanel(server)",
    """\
contest = race("Tell me a story.", [
    Lane("Flask, one thread", flask, stream=False),
    Lane("FastAPI, streaming", server),
], title="The same prompt, the same model, two servers", max_tokens=120, seed=7)""",
    "contest.join() and None",
    "contest.figure()",
]
PANEL, RACE, LAST = 1, 2, 4


def take(page: Page, index: int, name: str) -> None:
    """Keep the output of one cell as an image."""
    cell = page.locator(".jp-Notebook .jp-Cell").nth(index)
    path = IMAGES / f"{name}.png"
    cell.locator(".jp-OutputArea-output").first.screenshot(path=path)
    print(path, path.stat().st_size // 1024, "KiB")


def main() -> None:
    """Run the cells in JupyterLab and take both pictures."""
    os.environ.pop("LAB_PACE_MS", None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        write_notebook(home / "notebooks" / "pictures.ipynb", CELLS)
        chromium = playwright.chromium.launch(
            executable_path=find_chromium(), args=QUIET
        )
        page = chromium.new_page(
            viewport={"width": 1280, "height": 1100}, device_scale_factor=1.5
        )
        with jupyter_lab(home, pace_ms=None) as url:
            run_all(page, f"{url}/pictures.ipynb")
            page.wait_for_function(
                "last => document.querySelectorAll('.jp-Notebook .jp-Cell')[last]"
                ".querySelector('.jp-OutputArea-output')", arg=LAST, timeout=90_000,
            )
            show_cell(page, RACE)
            page.wait_for_timeout(1_500)
            take(page, RACE, "race")
            show_cell(page, PANEL)
            page.get_by_role("button", name="Generate").click()
            page.wait_for_timeout(4_000)
            take(page, PANEL, "panel")
        chromium.close()


if __name__ == "__main__":
    main()
