"""Who may talk to the server, and how much it takes from whom."""

import contextlib
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest
from starlette.routing import Mount

from lab_utils import create_app
from lab_utils.engine import FakeEngine
from tests.support import (
    KINDS,
    Serve,
    Served,
    raw,
    read_until,
    request_bytes,
    status_of,
)

KEY = "correct horse"


@pytest.fixture(scope="module")
def plain() -> Iterator[Served]:
    """A server without a key."""
    with Served(FakeEngine("a b c"), allow_hosts=["lab.example"]) as served:
        yield served


@pytest.fixture(scope="module")
def locked() -> Iterator[Served]:
    """A server with a key."""
    with Served(FakeEngine("a b c"), api_key=KEY) as served:
        yield served


@pytest.mark.parametrize("host", [
    "127.0.0.1", "127.0.0.1:5000", "localhost", "LOCALHOST:80", "localhost.", "[::1]",
    "[::1]:8000", "lab.example", "lab.example:443",
])
def test_row_47_this_machine_may_be_asked_under_its_names(
    plain: Served, host: str
) -> None:
    assert status_of(plain.url, request_bytes(
        b"", "/health", "GET", {"Host": host})) == 200


@pytest.mark.parametrize("host", [
    "evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil", "",
    "a@127.0.0.1", "127.0.0.1@evil.example", "127.0.0.1/x", "127.0.0.1#", "127.0.0.1?",
    "127.0.0.1:x", "[::2]", "[::1", "0.0.0.0", "192.168.0.1", "127.0.0.1, evil.example",
    "\xe9vil", "127.0.0.1:99999", "127.0.0.1\tx", "evil.example#127.0.0.1",
    "2130706433",
])
@pytest.mark.parametrize("path", ["/health", "/docs"])
def test_row_47_under_any_other_name_nothing_is_answered(
    plain: Served, host: str, path: str
) -> None:
    assert status_of(plain.url, request_bytes(
        b"", path, "GET", {"Host": host})) == 400


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_row_47_a_missing_host_is_refused(plain: Served, version: str) -> None:
    request = f"GET /health HTTP/{version}\r\n\r\n".encode()
    assert status_of(plain.url, request) == 400


def test_row_47_two_hosts_are_refused(plain: Served) -> None:
    request = b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"
    assert status_of(plain.url, request) == 400


@pytest.mark.parametrize("origin", [
    "http://evil.example", "https://evil.example:5000", "null", "", "file://",
    "http://127.0.0.1.evil.example", "http://localhost@evil.example", "chrome://x",
    "http://127.0.0.1/x", "http://[", "javascript://localhost",
])
def test_row_48_another_sites_pages_are_refused(plain: Served, origin: str) -> None:
    response = plain.http.post(
        "/generate", json={"prompt": "hi"}, headers={"Origin": origin}
    )
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "origin_not_allowed"
    assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize("origin", [
    "http://127.0.0.1:8888", "http://localhost", "http://[::1]:5000",
    "https://lab.example",
])
def test_row_48_a_page_of_this_machine_may_ask(plain: Served, origin: str) -> None:
    response = plain.http.post(
        "/generate", json={"prompt": "hi"}, headers={"Origin": origin}
    )
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


def test_row_48_a_preflight_gets_no_permission(plain: Served) -> None:
    for origin in ("http://evil.example", "http://localhost:1"):
        response = plain.http.options("/generate", headers={
            "Origin": origin, "Access-Control-Request-Method": "POST"})
        assert response.status_code in (400, 405)
        assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("kind", [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "",
])
def test_row_48_what_a_form_can_send_is_not_taken_for_json(
    plain: Served, kind: str
) -> None:
    response = plain.http.post(
        "/generate", content=b'{"prompt": "hi"}', headers={"Content-Type": kind}
    )
    assert response.status_code == 422


def test_row_48_another_site_cannot_make_a_browser_generate_by_get(
    plain: Served,
) -> None:
    def ask(site: str) -> int:
        return plain.http.get("/generate?prompt=hi", headers={"Sec-Fetch-Site": site}
                              ).status_code

    assert ask("cross-site") == 400
    assert ask("same-origin") == ask("none") == 200


def every_path() -> list[tuple[str, str]]:
    """(method, path) of every route there is, with variations."""
    routes = create_app(FakeEngine()).routes
    found = {
        (method, path)
        for route in routes
        for method in (getattr(route, "methods", None) or {"GET"})
        for path in ([f"{route.path}/swagger-ui.css"]
                     if isinstance(route, Mount) else
                     [route.path, f"{route.path}/"])  # type: ignore[attr-defined]
    }
    extra = {("GET", "/nothing"), ("OPTIONS", "/generate"), ("HEAD", "/docs"),
             ("GET", "//health"), ("GET", "/health/x"), ("GET", "/HEALTH"),
             ("GET", "/docs?token="), ("GET", "/docs?token=wrong"),
             ("POST", "/generate?token=correct%20horse")}
    return sorted((found | extra) - {("GET", "/health")})


def test_row_49_the_routes_that_are_walked_are_all_there_are() -> None:
    assert {("POST", "/generate"), ("GET", "/generate"), ("GET", "/ready"),
            ("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/"),
            ("GET", "/page/swagger-ui.css"), ("GET", "/health/")} <= set(every_path())


@pytest.mark.parametrize(("method", "path"), every_path())
def test_row_49_without_the_key_every_route_but_health_is_401(
    locked: Served, method: str, path: str
) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": KEY},
                    {"Authorization": f"Basic {KEY}"}, {"Cookie": f"lab={KEY}"},
                    {"Authorization": "Bearer"}, {"Authorization": "Bearer \xff"}):
        request = request_bytes(b"", path, method, headers)
        with raw(locked.url, request) as sock:
            head = read_until(sock, b"\r\n\r\n").lower()
        assert head.split()[1] == b"401"
        assert b"www-authenticate: bearer" in head


def test_row_49_with_the_key_it_works(locked: Served) -> None:
    assert locked.client.generate("hi").text == "a b c"
    assert locked.http.get("/health").status_code == 200
    for scheme in ("Bearer", "bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {KEY}"}
        assert locked.http.get("/ready", headers=headers).status_code == 200
    foreign = {"Authorization": f"Bearer {KEY}", "Host": "evil.example"}
    assert locked.http.get("/ready", headers=foreign).status_code == 400


def test_a_key_in_the_address_is_exchanged_for_a_cookie(locked: Served) -> None:
    with httpx.Client(base_url=locked.url, trust_env=False) as browser:
        response = browser.get("/docs", params={"token": KEY, "a": "1 2", "b": ""})
        cookie = response.headers["set-cookie"]
        assert response.status_code == 303
        assert response.headers["location"] == "./docs?a=1+2&b="
        assert "HttpOnly" in cookie and "SameSite=strict" in cookie
        assert "correct" not in cookie and KEY not in response.text
        assert browser.get("/docs").status_code == 200
        page = browser.get("/generate", params={"prompt": "hi"})
        assert page.text.endswith("data: [DONE]\n\n")
        # Opened a second time, as from a bookmark.
        again = browser.get("/generate", params={"prompt": "hi", "token": KEY},
                            follow_redirects=True)
        assert "token" not in again.url.params and again.status_code == 200


@pytest.mark.parametrize("path", [
    "//evil.example", "///evil.example/x", "/%2Fevil.example", "/\\evil.example",
    "/%5Cevil.example", "/%09/evil.example", "//evil.example/%2e%2e",
])
def test_the_exchange_leads_to_no_other_host(locked: Served, path: str) -> None:
    request = request_bytes(b"", f"{path}?token=correct%20horse", "GET")
    with raw(locked.url, request) as sock:
        head = read_until(sock, b"\r\n\r\n").decode()
    location = head.split("location: ")[1].split("\r\n")[0]
    assert httpx.URL(locked.url).join(location).host == "127.0.0.1"
    assert location.startswith("./")


def test_the_cookie_of_one_key_opens_no_other(serve: Serve, locked: Served) -> None:
    other = serve(FakeEngine(), api_key="another")
    with httpx.Client(base_url=locked.url, trust_env=False) as browser:
        browser.get("/docs", params={"token": KEY})
        cookies = dict(browser.cookies)
        assert httpx.get(f"{other.url}/docs", cookies=cookies, trust_env=False
                         ).status_code == 401


@pytest.mark.parametrize("other", [
    'theme={"x":1}', 'g_state={"i_l":0}', "foo[bar]=1", 'a="never closed', "bare",
    "name=\xe9\xff", "=", ";;",
])
def test_the_cookie_of_another_program_locks_nobody_out(
    locked: Served, other: str
) -> None:
    """All ports of localhost share their cookies."""
    with httpx.Client(base_url=locked.url, trust_env=False) as browser:
        browser.get("/docs", params={"token": KEY})
        ours = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    for cookies in (f"{other}; {ours}", f"{ours}; {other}"):
        assert status_of(locked.url, request_bytes(
            b"", "/docs", "GET", {"Cookie": cookies})) == 200


@pytest.mark.parametrize("cookie", ["", ";;;", "a=b; =", "\xff=\xff", 'x="', "lab-="])
def test_a_broken_cookie_is_no_key(locked: Served, cookie: str) -> None:
    assert status_of(locked.url, request_bytes(
        b"", "/docs", "GET", {"Cookie": cookie})) == 401


def test_row_44_a_body_that_is_too_large_is_a_413(plain: Served) -> None:
    response = plain.http.post("/generate", content=b"x" * 50_000_000)
    assert response.status_code == 413
    assert "1000000 bytes" in response.json()["error"]["message"]
    assert plain.running() == plain.waiting() == 0


def test_row_44_a_body_of_just_the_limit_is_read(plain: Served) -> None:
    body = b'{"prompt": "hi"' + b" " * 999_984 + b"}"
    assert len(body) == 1_000_000
    headers = {"Content-Type": "application/json"}
    assert plain.http.post("/generate", content=body, headers=headers
                           ).status_code == 200
    assert plain.http.post("/generate", content=body + b" ", headers=headers
                           ).status_code == 413


def test_row_44_chunks_without_an_end_are_a_413(plain: Served) -> None:
    head = (b"POST /generate HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    with raw(plain.url, head) as sock:
        # It stops listening once it has answered.
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                sock.sendall(chunk)
        assert b" 413 " in read_until(sock, b"\r\n")
    assert plain.running() == plain.waiting() == 0


@pytest.mark.parametrize("length", ["-1", "x", "1_000", "\xb2", "9" * 30, "1, 2"])
def test_row_44_a_length_that_is_none_is_refused(plain: Served, length: str) -> None:
    request = request_bytes(b"", headers={"Content-Length": length})
    assert status_of(plain.url, request) in (400, 413)


def test_row_44_headers_that_are_too_long_are_refused(plain: Served) -> None:
    request = request_bytes(b"", "/health", "GET", {"X": "x" * 200_000})
    with raw(plain.url) as sock:
        answer = b""  # closed without reading to the end: also a refusal
        with contextlib.suppress(ConnectionError):
            sock.sendall(request)
            answer = read_until(sock, b"\r\n")
        assert b" 400 " in answer or not answer
    assert plain.http.get("/health").status_code == 200


def test_row_45_who_drips_their_bytes_disturbs_nobody(plain: Served) -> None:
    head = b"POST /generate HTTP/1.1\r\nHost: localhost\r\n"
    sockets = [raw(plain.url, head) for _ in range(25)]
    bodies = [raw(plain.url, head + b"Content-Length: 100\r\n\r\n{") for _ in range(25)]
    drips = [entered.__enter__() for entered in [*sockets, *bodies]]
    try:
        for _ in range(3):
            for sock in drips:
                sock.sendall(b"x")
            assert plain.client.generate("hi").text == "a b c"
            time.sleep(0.01)
        assert plain.client.health()["waiting"] == 0
    finally:
        for sock in drips:
            sock.close()


@pytest.mark.parametrize("kind", KINDS)
def test_row_47_48_49_50_the_guard_stands_before_every_runner(
    serve: Serve, kind: str
) -> None:
    served = serve(FakeEngine("a b c"), kind=kind, api_key=KEY)
    key = {"Authorization": f"Bearer {KEY}"}
    ask = {"prompt": "hi"}
    assert served.post().status_code == 401
    assert served.client.generate("hi").text == "a b c"
    for bad in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        assert served.http.post("/generate", json=ask, headers=key | bad
                                ).status_code == 400
    plain_text = key | {"Content-Type": "text/plain"}
    assert served.http.post("/generate", content=b"{}", headers=plain_text
                            ).status_code == 422
    listening = {
        connection.laddr.ip for connection in psutil.Process().net_connections()
        if connection.status == psutil.CONN_LISTEN
        and connection.laddr.port == served.port
    }
    assert listening == {"127.0.0.1"}
