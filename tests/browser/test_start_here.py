import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import screenshot

pytestmark = pytest.mark.timeout(180)


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


def test_run_all_on_notebook_00_shows_the_answer_growing(
    page: Page, lab_url: str
) -> None:
    run_all(page, f"{lab_url}/00-start-here.ipynb")
    answer = page.locator(".live-answer")
    answer.wait_for(state="attached", timeout=60_000)
    # Run All scrolls to the end, and JupyterLab renders only what is in view.
    page.evaluate("document.querySelector('.live-answer').closest('.jp-OutputArea')"
                  ".scrollIntoView({block: 'center'})")
    lengths = [len(answer.inner_text())]
    for _ in range(3):
        page.wait_for_function(
            "old => document.querySelector('.live-answer').innerText.length > old + 20",
            arg=lengths[-1], timeout=20_000,
        )
        lengths.append(len(answer.inner_text()))
        screenshot(page, f"notebook-00-{len(lengths)}")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.jp-OutputArea')].pop()"
        ".textContent.includes('server running: False')", timeout=60_000,
    )
    expect(page.locator(".jp-OutputArea-output[data-mime-type*='stderr']")).to_have_count(0)
    expect(page.locator("[data-mime-type='application/vnd.jupyter.error']")).to_have_count(0)
    expect(page.locator(".jp-RenderedMermaid svg, .jp-RenderedMarkdown svg, "
                        ".jp-RenderedMarkdown img").first).to_be_attached()
