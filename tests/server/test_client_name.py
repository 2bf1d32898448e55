"""Thirty readers at one server: nobody's many requests hold up another's first."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest
from starlette.requests import Request

from lab_utils.address import Address
from lab_utils.server.client_name import LONGEST, client_name
from tests.support import Served, endless, raw, read_until, request_bytes, wait_until


def _request(*headers: tuple[bytes, bytes], host: str | None = "10.0.0.7") -> Request:
    client = None if host is None else (host, 5)
    return Request({"type": "http", "headers": list(headers), "client": client})


@pytest.mark.parametrize(("request_", "name"), [
    (_request(), "10.0.0.7"), (_request(host=None), ""),
    (_request((b"x-lab-client", b"ann")), "ann"),
    (_request((b"x-lab-client", b"")), "10.0.0.7"),
    (_request((b"x-lab-client", b"x" * 9999)), "x" * LONGEST),
])
def test_a_client_is_who_it_says_or_where_it_comes_from(
    request_: Request, name: str
) -> None:
    assert client_name(request_) == name


def test_our_client_says_one_name_for_the_whole_process() -> None:
    first, second = (Address(f"http://127.0.0.1:{port}").headers for port in (1, 2))
    assert first["X-Lab-Client"] == second["X-Lab-Client"] != ""
    assert "X-Lab-Client" not in Address("https://example.org/v1").headers


LONG = {"prompt": "hi", "max_tokens": 90_000, "stream": True}


@pytest.mark.parametrize("path", ["/generate", "/v1/completions"])
def test_ones_many_requests_queue_behind_anothers_first(path: str) -> None:
    def asked(name: str) -> bytes:
        return request_bytes(LONG, path, headers={"x-lab-client": name})

    with Served(endless(), max_batch=1) as served, ExitStack() as open_:
        first = open_.enter_context(raw(served.url, asked("greedy")))
        read_until(first, b"data: ")
        for _ in range(3):
            open_.enter_context(raw(served.url, asked("greedy")))
        wait_until(lambda: served.waiting() == 3, "they wait")
        ann = open_.enter_context(raw(served.url, asked("ann")))
        wait_until(lambda: served.waiting() == 4, "ann waits")
        first.close()
        read_until(ann, b"data: ")
        assert (served.running(), served.waiting()) == (1, 3)


def test_a_full_queue_has_room_for_who_has_nothing_in_it() -> None:
    engine = endless()
    greedy = request_bytes(LONG)
    with (Served(engine, max_batch=1, max_queue=1) as served, raw(served.url, greedy)):
        wait_until(lambda: served.running() == 1, "the slot is taken")
        with raw(served.url, greedy):
            wait_until(lambda: served.waiting() == 1, "the queue is full")
            assert served.post().status_code == 503
            with ThreadPoolExecutor(1) as pool:
                modest = pool.submit(
                    httpx.post, f"{served.url}/generate", trust_env=False, timeout=30,
                    json={"prompt": "hi", "max_tokens": 2},
                    headers={"x-lab-client": "modest"},
                )
                wait_until(lambda: engine.made > 20, "time passes")
                assert not modest.done() and served.waiting() == 1
                served.server.stop()
                assert modest.result().status_code == 503
