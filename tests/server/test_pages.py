"""The playground's files, and where the server stands below a path."""

import re

import httpx
from starlette.types import Receive, Scope, Send

from lab_utils import BackgroundServer, LabClient, create_app
from lab_utils.engine import FakeEngine
from lab_utils.server.app import PAGE
from tests.support import Serve

KEY = "sesame"


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
