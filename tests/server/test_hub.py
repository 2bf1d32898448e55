"""On a JupyterHub: the browser comes through a proxy, others share the machine."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from lab_utils import BackgroundServer, LabClient, create_app
from lab_utils.address import Address
from lab_utils.client import RequestRefused
from lab_utils.engine import FakeEngine
from lab_utils.recording import record
from lab_utils.server.hub import KEY_VARIABLE
from tests.support import KINDS, Serve

HUB = "/user/ada/"


@pytest.fixture
def on_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process as a JupyterHub starts it."""
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", HUB)
    for name in ("JUPYTERHUB_PUBLIC_URL", "BINDER_LAUNCH_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(KEY_VARIABLE, "")  # so that it is put back in the end
    monkeypatch.delenv(KEY_VARIABLE)


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
        through = f"proxy/{server.port}/?token={os.environ[KEY_VARIABLE]}"
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
    http = serve(FakeEngine(), api_key="").http
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


@pytest.mark.usefixtures("on_hub")
@pytest.mark.parametrize("kind", KINDS)
def test_row_50_on_a_hub_a_key_is_asked_for_and_our_client_carries_it(
    serve: Serve, kind: str
) -> None:
    served = serve(FakeEngine("a b"), kind=kind)
    assert served.post().status_code == 401
    assert served.http.get("/health").status_code == 200
    assert len(os.environ[KEY_VARIABLE]) >= 32
    with LabClient(served.url) as client:
        assert client.generate("hi").text == "a b"
        assert asyncio.run(client.agenerate("hi")).text == "a b"
    assert record(served.url, "hi").text == "a b", "and so do the panels"
    with (
        LabClient(served.url, api_key="guessed") as stranger,
        pytest.raises(RequestRefused, match="401"),
    ):
        stranger.generate("hi")


@pytest.mark.usefixtures("on_hub")
def test_on_a_hub_a_child_program_has_the_key_too(serve: Serve) -> None:
    served = serve(FakeEngine("a b"))
    program = f"from lab_utils import LabClient; print(LabClient({served.url!r})." \
              "generate('hi').text)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True,
                          text=True, check=True, cwd=Path(__file__).parents[2])
    assert said.stdout == "a b\n"


@pytest.mark.usefixtures("on_hub")
def test_on_a_hub_two_servers_of_one_process_have_one_key(serve: Serve) -> None:
    for served in (serve(FakeEngine("a b")), serve(FakeEngine("a b"))):
        assert served.client.generate("hi").text == "a b"


@pytest.mark.usefixtures("on_hub")
def test_on_a_hub_the_browsers_link_is_exchanged_for_a_cookie_of_that_user(
    serve: Serve,
) -> None:
    """All users of a Hub are behind one host name: a cookie for "/" would be shown to
    the servers of the others."""
    served = serve(FakeEngine())
    token = {"token": os.environ[KEY_VARIABLE]}
    through = served.http.get("/", params=token, headers=THROUGH)
    assert through.status_code == 303
    assert f"Path={HUB};" in through.headers["set-cookie"]
    own = served.http.get("/", params=token)
    assert "Path=/;" in own.headers["set-cookie"]


@pytest.mark.usefixtures("on_hub")
def test_a_hub_where_nobody_shares_the_machine_needs_no_key(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert serve(FakeEngine(), api_key="").post().status_code == 200
    monkeypatch.setenv(KEY_VARIABLE, "")
    assert serve(FakeEngine()).post().status_code == 200
    monkeypatch.delenv(KEY_VARIABLE)
    monkeypatch.setenv("BINDER_LAUNCH_HOST", "https://mybinder.org/")
    assert serve(FakeEngine()).post().status_code == 200


def test_on_a_laptop_no_key_is_made(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX", raising=False)
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    assert serve(FakeEngine()).post().status_code == 200
    assert KEY_VARIABLE not in os.environ


@pytest.mark.parametrize("url", [
    "http://lab.example", "http://192.168.0.7:5000", "https://127.0.0.1.evil.example",
])
def test_the_key_of_the_environment_is_shown_to_this_machine_alone(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "sesame")
    for own in ("http://127.0.0.1:5000/x", "http://[::1]:5000", "http://localhost"):
        assert Address(own).headers["Authorization"] == "Bearer sesame"
    assert "Authorization" not in Address(url).headers
    assert Address(url, api_key="mine").headers["Authorization"] == "Bearer mine"
