"""The panel, the race and the slider as a person uses them, in real JupyterLab."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import (
    jupyter_lab,
    run_all,
    screenshot,
    show_cell,
    write_notebook,
)

pytestmark = pytest.mark.timeout(240)

CELLS = [
    """\
from lab_utils import *
from lab_utils.baselines import create_flask_app
from lab_utils.engine import FakeEngine
engine = load_engine("tutor", pace_ms=40)
server = BackgroundServer(create_app(engine)).start()
print(server.url)""",
    "panel = LivePanel(server, prompt='Tell me a story.', max_tokens=300)\npanel",
    "guess = predict('When will the first token be there?', unit='s', value=1)",
    """\
flask = BackgroundServer(create_flask_app(engine)).start()
contest = race('Tell me a story.', [
    Lane('Flask, one thread', flask, stream=False),
    Lane('FastAPI, JSON', server, stream=False),
    Lane('FastAPI, streaming', server),
], guess=guess, max_tokens=120, seed=7)""",
    "runs = contest.join()\nview = scrub(runs[2])",
    """\
bad = FakeEngine(['<img src=x onerror="window.hacked=1">', ' \\x1b[31m'])
evil = LivePanel(BackgroundServer(create_app(bad)).start())
display(evil)
evil.generate('hi').join().state""",
    "contest.figure()",
]
SETUP, PANEL, GUESS, RACE, SCRUB, EVIL, STILL = range(len(CELLS))


@pytest.fixture(scope="module", params=["Light", "Dark"])
def bench(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Page]:
    """One window in which all cells were run; tests scroll to what they are about."""
    home: Path = tmp_path_factory.mktemp("panel")
    write_notebook(home / "notebooks" / "panel.ipynb", CELLS)
    with jupyter_lab(home, request.param) as url:
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        page = context.new_page()
        run_all(page, f"{url}/panel.ipynb")
        page.wait_for_function(
            "last => document.querySelectorAll('.jp-Notebook .jp-Cell')[last]"
            ".querySelector('.jp-OutputArea-output')", arg=STILL, timeout=90_000,
        )
        page.theme = request.param  # type: ignore[attr-defined]
        yield page
        context.close()


def cell(page: Page, index: int) -> Locator:
    """A cell, scrolled into view."""
    show_cell(page, index)
    found = page.locator(".jp-Notebook .jp-Cell").nth(index)
    expect(found.locator(".jp-OutputArea-output").first).to_be_visible(timeout=20_000)
    return found


def keep(page: Page, name: str) -> None:
    screenshot(page, f"{name}-{page.theme.lower()}")  # type: ignore[attr-defined]


def answer(panel: Locator) -> str:
    return panel.locator(".lab-answer p").inner_text()


def wait_for_more(page: Page, panel: Locator, old: str) -> str:
    for _ in range(100):
        new = answer(panel)
        if len(new) > len(old) + 10:
            return new
        page.wait_for_timeout(100)
    raise AssertionError(f"the text did not grow: {old!r}")


def measure(page: Page, index: int, script: str) -> Any:
    """What `script`, a function of the cell's element, says. In one call: the HTML is
    replaced ten times a second, and a handle to a part of it is soon of no use."""
    return page.evaluate(
        "([index, script]) => eval(script)("
        "document.querySelectorAll('.jp-Notebook .jp-Cell')[index])",
        [index, script],
    )


def health(page: Page) -> dict[str, Any]:
    url = re.search(r"http://[\d.:]+", cell(page, SETUP).inner_text())
    assert url is not None
    body: dict[str, Any] = httpx.get(f"{url[0]}/health", trust_env=False).json()
    return body


def test_generate_lets_the_text_grow_and_nothing_jumps(bench: Page) -> None:
    panel = cell(bench, PANEL)
    panel.get_by_role("button", name="Generate").click()
    expect(panel.locator(".lab-caret")).to_be_visible()
    texts, tops = [""], set()
    for moment in range(3):
        texts.append(wait_for_more(bench, panel, texts[-1]))
        tops.add(measure(bench, PANEL, """cell =>
            Math.round(cell.querySelector('.lab-figures').offsetTop)"""))
        keep(bench, f"panel-{moment + 1}")
    assert len(tops) == 1, f"the figures moved while it grew: {tops}"
    panel.get_by_role("button", name="Stop").click()
    expect(panel.locator(".lab-said")).to_have_text("stopped: the reader left")


def test_stop_by_keyboard_ends_early_and_frees_the_slot(bench: Page) -> None:
    panel = cell(bench, PANEL)
    panel.get_by_role("button", name="Generate").click()
    wait_for_more(bench, panel, "")
    assert health(bench)["running"] == 1
    panel = cell(bench, PANEL)
    panel.get_by_role("button", name="Generate").focus()
    bench.keyboard.press("Tab")
    bench.keyboard.press("Enter")
    expect(panel.locator(".lab-said")).to_have_text("stopped: the reader left")
    made = panel.locator(".lab-figure b").nth(1).inner_text()
    assert 0 < int(made.split(" / ")[0]) < 300
    expect(panel.get_by_role("button", name="Stop")).to_be_disabled()
    assert health(bench)["running"] == 0


def waited(sentence: str) -> int:
    """How many pings waited, as the picture's description says."""
    found = re.search(r"(\d+) of \d+ waited", sentence)
    return int(found[1]) if found else 0


def test_the_race_shows_one_server_dead_and_one_alive(bench: Page) -> None:
    contest = cell(bench, RACE)
    said = contest.locator("svg:visible desc").first.text_content() or ""
    blocked, _, streaming = (waited(part) for part in said.split(". ")[:3])
    assert blocked > 20 and blocked > 2 * streaming
    expect(contest.get_by_text("nothing to read yet").first).to_be_attached()
    expect(contest.get_by_text("your guess: 1 s").first).to_be_attached()
    keep(bench, "race")
    contest.get_by_text("as a table").click()
    expect(contest.get_by_role("cell", name="time to first token")).to_be_visible()


def test_the_slider_moves_through_the_recording(bench: Page) -> None:
    view = cell(bench, SCRUB)
    slider = view.get_by_role("slider")
    slider.press("Home")
    expect(view.locator(".lab-answer p")).to_have_text("")
    for _ in range(12):
        slider.press("PageUp")
    early = wait_for_more(bench, view, "")
    keep(bench, "scrubber")
    slider.press("End")
    expect(view.locator(".lab-answer p")).not_to_have_text(early)
    assert answer(view).startswith(early)
    expect(view.locator(".lab-figure b").nth(1)).to_contain_text("120")


def test_play_plays(bench: Page) -> None:
    view = cell(bench, SCRUB)
    view.get_by_role("slider").press("Home")
    expect(view.locator(".lab-answer p")).to_have_text("")
    view.locator(".jupyter-button").first.click()
    first = wait_for_more(bench, view, "")
    wait_for_more(bench, view, first)
    view.locator(".jupyter-button").first.click()


def test_what_a_model_writes_is_only_text(bench: Page) -> None:
    evil = cell(bench, EVIL)
    expect(evil.locator(".lab-answer p")).to_contain_text("<img src=x onerror=")
    assert bench.evaluate("window.hacked") is None
    assert evil.locator(".lab-answer img").count() == 0


@pytest.mark.parametrize("index", [PANEL, RACE, SCRUB, STILL])
def test_text_in_figures_is_large_enough_to_read(bench: Page, index: int) -> None:
    cell(bench, index)
    sizes = measure(bench, index, """cell => [...cell.querySelectorAll('svg.lab text')]
        .filter(text => text.ownerSVGElement.clientWidth)
        .map(text => text.getAttribute('font-size') * text.ownerSVGElement.clientWidth
                     / text.ownerSVGElement.viewBox.baseVal.width)""")
    assert min(sizes) >= 15.9


def test_half_a_window_stacks_and_needs_no_sideways_scrolling(bench: Page) -> None:
    bench.set_viewport_size({"width": 700, "height": 1000})
    bench.keyboard.press("Control+b")
    try:
        panel = cell(bench, PANEL)
        panel.get_by_role("button", name="Generate").click()
        wait_for_more(bench, panel, "")
        for name in ("Generate", "Stop"):
            expect(panel.get_by_role("button", name=name)).to_be_in_viewport()
        tops = measure(bench, PANEL, """cell => [
            ...cell.querySelector('.lab-body').children].map(each => each.offsetTop)""")
        assert tops[1] > tops[0] + 100, "the drawing stands below the text"
        keep(bench, "panel-half")
        panel.get_by_role("button", name="Stop").click()
        for index in (PANEL, RACE, SCRUB):
            area = cell(bench, index).locator(".jp-OutputArea").first
            assert area.evaluate("each => each.scrollWidth <= each.clientWidth + 1")
        keep(bench, "scrubber-half")
    finally:
        bench.keyboard.press("Control+b")
        bench.set_viewport_size({"width": 1280, "height": 1000})
