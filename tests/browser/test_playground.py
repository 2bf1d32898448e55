"""The playground as a person uses it, in Chromium: directly, and through
jupyter-server-proxy, behind which a Hub or Binder keeps the server."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from lab_utils.engine import FakeEngine
from tests.browser.conftest import jupyter_lab, screenshot
from tests.support import Serve, endless

pytestmark = pytest.mark.timeout(240)

STORY = [f"word{number} " for number in range(40)]


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Jupyter with jupyter-server-proxy; yields where it shows ports."""
    with jupyter_lab(tmp_path_factory.mktemp("proxied")) as url:
        yield url.replace("lab/tree/notebooks", "proxy")


def first_and_last_ticks(page: Page) -> tuple[float, float]:
    """When the first and the last token arrived, in ms, as the page's table says."""
    cells = page.locator("#rows tr td:nth-child(2)").all_text_contents()
    return float(cells[0]), float(cells[-1])


@pytest.mark.parametrize("way", ["fetch", "events"])
@pytest.mark.parametrize("through", ["nothing", "proxy"])
def test_an_answer_streams_into_the_page(
    page: Page, serve: Serve, through: str, way: str, request: pytest.FixtureRequest
) -> None:
    served = serve(FakeEngine(STORY, step_ms=15))
    direct = f"{served.url}/"
    home = direct if through == "nothing" else (
        f"{request.getfixturevalue('proxied')}/{served.port}/")
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda said: trouble.append(said.text)
            if said.type == "error" else None)
    page.goto(home)
    expect(page.locator("#light")).to_have_attribute("data-state", "ok")
    page.get_by_label("read by").select_option(way)
    page.get_by_label("Prompt").press("Enter")
    expect(page.locator("#status")).to_have_text(re.compile("complete|end token"))
    expect(page.locator("#text")).to_have_text("".join(STORY).strip())
    first, last = first_and_last_ticks(page)
    assert last > 3 * first  # as it was made; a proxy that collects gives both at once
    expect(page.locator("#picture svg text.first")).to_have_count(1)
    description = page.locator("#picture svg desc").text_content() or ""
    assert re.search(r"4[01] tokens, the first after \d+ ms", description)
    assert trouble == []


def test_on_a_hub_the_link_with_the_key_opens_the_page(
    page: Page, serve: Serve, proxied: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/")
    monkeypatch.setenv("LAB_API_KEY", "sesame")
    monkeypatch.delenv("BINDER_LAUNCH_HOST", raising=False)
    served = serve(FakeEngine(STORY))
    home = f"{proxied}/{served.port}/"
    page.goto(home)
    expect(page.locator("body")).to_contain_text("this server asks for its API key")
    page.goto(f"{home}?{served.server.browser_url.partition('?')[2]}")
    expect(page).to_have_url(home)
    page.get_by_label("Prompt").press("Enter")
    expect(page.locator("#text")).to_have_text("".join(STORY).strip())
    screenshot(page, "playground-on-a-hub")


def test_the_whole_answer_arrives_at_one_moment(page: Page, serve: Serve) -> None:
    page.goto(f"{serve(FakeEngine(STORY, step_ms=5)).url}/")
    page.get_by_label("read by").select_option("whole")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator("#status")).to_contain_text("complete")
    expect(page.locator("#rows tr")).to_have_count(1)


@pytest.mark.parametrize("way", ["fetch", "events"])
def test_stop_leaves_the_request_and_frees_its_slot(
    page: Page, serve: Serve, way: str
) -> None:
    served = serve(endless())
    page.goto(f"{served.url}/")
    page.get_by_label("max tokens").fill("10000")
    page.get_by_label("read by").select_option(way)
    page.get_by_label("Prompt").press("Enter")
    expect(page.locator("#text")).to_contain_text("tick tick")
    page.keyboard.press("Escape")
    expect(page.locator("#status")).to_have_text("stopped: the reader left")
    served.until_free()
    expect(page.locator("#picture .left")).to_have_count(2)  # the cross


def test_everything_is_done_with_the_keyboard(page: Page, serve: Serve) -> None:
    served = serve(endless())
    page.goto(f"{served.url}/")
    page.get_by_label("max tokens").fill("10000")
    page.get_by_label("Prompt").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Generate")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_focused()
    expect(page.locator("#text")).to_contain_text("tick")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_contain_text("stopped")
    expect(page.get_by_role("button", name="Generate")).to_be_focused()


def test_a_screen_reader_hears_sentences_and_how_it_ended(
    page: Page, serve: Serve
) -> None:
    page.goto(f"{serve(FakeEngine(['One.', ' Two.', ' Three'], step_ms=300)).url}/")
    speech = page.locator("[aria-live=polite]")
    speech.evaluate(
        """speech => {
            window.spoken = [];
            new MutationObserver(() => spoken.push(speech.textContent.trim()))
                .observe(speech, {childList: true, characterData: true, subtree: true});
        }"""
    )
    page.get_by_label("Prompt").press("Enter")
    expect(speech).to_contain_text("Three complete: the model made its end token")
    assert page.evaluate("spoken").count("One.") == 1
    for box in page.locator("textarea, input, select").all():
        assert box.evaluate("box => box.labels.length") == 1
    expect(page.get_by_role("img", name="Tokens and health checks")).to_be_visible()


def test_what_the_model_wrote_is_text_and_nothing_else(
    page: Page, serve: Serve
) -> None:
    evil = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
    page.goto(f"{serve(FakeEngine([evil, ' end'])).url}/")
    page.get_by_label("Prompt").press("Enter")
    expect(page.locator("#text")).to_contain_text(f"{evil} end")
    assert page.evaluate("window.hacked") is None


def test_a_failure_is_said_in_the_servers_words(page: Page, serve: Serve) -> None:
    served = serve(FakeEngine(STORY, step_ms=5, context=64))
    page.goto(f"{served.url}/")
    page.get_by_label("max tokens").fill("9999")
    page.get_by_label("Prompt").press("Enter")
    expect(page.locator("#status")).to_have_text(re.compile("failed: 400 .*64.*9999"))
    page.get_by_label("read by").select_option("events")
    page.get_by_label("Prompt").press("Enter")
    expect(page.locator("#status")).to_contain_text("EventSource is not told why")


def test_a_server_that_goes_away_is_seen(page: Page, serve: Serve) -> None:
    served = serve(endless())
    page.goto(f"{served.url}/")
    page.get_by_label("max tokens").fill("10000")
    page.get_by_label("Prompt").press("Enter")
    expect(page.locator("#text")).to_contain_text("tick")
    served.server.stop()
    expect(page.locator("#status")).to_contain_text("failed")
    expect(page.locator("#light")).to_have_attribute("data-state", "late")


@pytest.mark.parametrize("through", ["nothing", "proxy"])
def test_a_key_is_shown_once(
    page: Page, serve: Serve, through: str, request: pytest.FixtureRequest
) -> None:
    served = serve(FakeEngine(["a ", "b"]), api_key="sesame")
    home = f"{served.url}/" if through == "nothing" else (
        f"{request.getfixturevalue('proxied')}/{served.port}/")
    refused = page.goto(home)
    assert refused is not None and refused.status == 401
    page.goto(f"{home}?token=sesame")
    assert page.url == home
    for way in ("fetch", "events"):
        page.get_by_label("read by").select_option(way)
        page.get_by_label("Prompt").press("Enter")
        expect(page.locator("#status")).to_contain_text("complete")
        expect(page.locator("#text")).to_have_text("a b")


def test_the_api_page_asks_below_the_proxys_path(
    page: Page, serve: Serve, proxied: str
) -> None:
    served = serve(FakeEngine())
    page.goto(f"{proxied}/{served.port}/")
    page.get_by_role("link", name="All routes").click()
    page.locator("#operations-default-health_health_get").click()
    page.get_by_role("button", name="Try it out").click()
    with page.expect_response("**/health") as asked:
        page.get_by_role("button", name="Execute").click()
    assert asked.value.url == f"{proxied}/{served.port}/health"
    assert asked.value.status == 200


@pytest.mark.parametrize("look", ["light", "dark", "narrow"])
def test_it_fits_and_can_be_read(browser: Browser, serve: Serve, look: str) -> None:
    served = serve(FakeEngine(STORY, step_ms=15))
    width = 390 if look == "narrow" else 1280
    scheme = "dark" if look == "dark" else "light"
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{served.url}/")
    page.get_by_label("Prompt").press("Enter")
    expect(page.locator("#status")).to_contain_text("complete")
    screenshot(page, f"playground-{look}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ink, paper = (page.evaluate(
        "name => getComputedStyle(document.body)[name].match(/\\d+/g).map(Number)", name
    ) for name in ("color", "backgroundColor"))
    assert (sum(ink) > sum(paper)) == (look == "dark")
    assert abs(sum(ink) - sum(paper)) > 450
    context.close()
