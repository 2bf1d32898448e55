"""The playground's files, and where the server stands below a path."""

import re
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from lab_utils import BackgroundServer, LabClient, create_app
from lab_utils.engine import FakeEngine
from lab_utils.server.app import PAGE
from tests.support import Serve

KEY = "sesame"
HUB = "/user/ada/"


def test_the_playground_needs_nothing_from_elsewhere(serve: Serve) -> None:
    served = serve(FakeEngine())
    page = served.http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    urls = re.findall(r"""(?:src|href)=["']([^"']+)""", page.text)
    assert len(urls) >= 4
    for url in urls:
        assert not url.startswith("/") and ":" not in url
        assert served.http.get(f"/{url}").status_code == 200
    for file in (PAGE / "playground").iterdir():
        assert not re.search(r"https?://(?!www\.w3\.org/)", file.read_text("utf-8"))


def test_the_playground_holds_to_its_own_policy() -> None:
    """A policy without 'unsafe-inline' would silently drop these."""
    page = (PAGE / "playground" / "index.html").read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*src=)", page)


def test_scripts_come_as_javascript(serve: Serve) -> None:
    """A browser runs no module of another type."""
    answer = serve(FakeEngine()).http.get("/page/playground/app.js")
    assert answer.headers["content-type"].startswith("text/javascript")


def test_below_a_path_every_route_answers() -> None:
    app = create_app(FakeEngine("a b"), api_key=KEY)

    async def below_lab(scope: Scope, receive: Receive, send: Send) -> None:
        # As uvicorn with --root-path, or a router that mounts the app.
        if scope["type"] == "http":
            scope = {**scope, "root_path": "/lab"}
        await app(scope, receive, send)

    with BackgroundServer(below_lab) as server:
        below = f"{server.url}/lab"
        with LabClient(below, api_key=KEY) as client:
            assert client.generate("hi").text == "a b"
        with httpx.Client(base_url=f"{below}/", trust_env=False) as browser:
            assert browser.get("health").status_code == 200
            assert browser.get("ready").status_code == 401
            answer = browser.get("?token=sesame", follow_redirects=True)
            assert answer.status_code == 200 and str(answer.url) == f"{below}/"
            assert browser.get("page/playground/app.js").status_code == 200
            assert {"url": "."} in browser.get("openapi.json").json()["servers"]
            crossing = {"Sec-Fetch-Site": "cross-site"}
            assert browser.get("generate?prompt=hi", headers=crossing
                               ).status_code == 400


@pytest.fixture
def on_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process as a JupyterHub starts it."""
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", HUB)
    monkeypatch.delenv("JUPYTERHUB_PUBLIC_URL", raising=False)


def test_on_a_laptop_the_browsers_link_is_the_servers_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX", raising=False)
    with BackgroundServer(create_app(FakeEngine())) as server:
        assert server.browser_url == f"{server.url}/"


@pytest.mark.usefixtures("on_hub")
def test_on_a_hub_the_browsers_link_goes_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with BackgroundServer(create_app(FakeEngine())) as server:
        through = f"proxy/{server.port}/"
        assert server.browser_url == f"/user/ada/{through}"
        monkeypatch.setenv("JUPYTERHUB_PUBLIC_URL", "https://hub.example/user/ada")
        assert server.browser_url == f"https://hub.example/user/ada/{through}"


THROUGH = {"Host": "hub.example", "X-Forwarded-Context": f"{HUB}proxy/5000"}


def asks(http: httpx.Client, **headers: str) -> Any:
    """The status of a generation with `headers`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return http.post("/generate", json={"prompt": "hi"}, headers=named).status_code


@pytest.mark.usefixtures("on_hub")
def test_what_comes_through_the_hub_may_name_its_host(serve: Serve) -> None:
    http = serve(FakeEngine()).http
    assert asks(http, **THROUGH) == 200
    assert asks(http, **THROUGH, Origin="https://hub.example") == 200
    assert asks(http, **THROUGH, Origin="https://evil.example") == 400
    assert asks(http, **THROUGH, Origin="https://hub.example.evil") == 400
    assert asks(http, Host="hub.example") == 400
    elsewhere = THROUGH | {"X-Forwarded-Context": "/user/eve/proxy/5000"}
    assert asks(http, **elsewhere) == 400


def test_away_from_a_hub_nobody_speaks_for_one(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page whose name resolves to 127.0.0.1 can send every header."""
    monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX", raising=False)
    http = serve(FakeEngine()).http
    assert asks(http, **THROUGH) == 400
