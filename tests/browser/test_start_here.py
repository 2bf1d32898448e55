import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import run_all, screenshot

pytestmark = pytest.mark.timeout(180)


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
