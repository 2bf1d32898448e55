"""Thirty readers at one server: nobody's many requests hold up another's first."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from starlette.requests import Request

from lab_utils.address import Address
from lab_utils.server.client_name import LONGEST, client_name
from tests.support import Served, endless, raw, request_bytes, wait_until


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
    def ask(name: str) -> str:
        httpx.post(served.url + path, json={"prompt": "hi", "max_tokens": 2},
                   headers={"x-lab-client": name}, trust_env=False, timeout=30)
        order.append(name)
        return name

    order: list[str] = []
    engine = endless()
    with (Served(engine, max_batch=1) as served, ThreadPoolExecutor(9) as pool):
        with raw(served.url, request_bytes(LONG)):
            wait_until(lambda: served.running() == 1, "the slot is taken")
            many = [pool.submit(ask, "greedy") for _ in range(6)]
            wait_until(lambda: served.waiting() == 6, "six wait")
            few = [pool.submit(ask, name) for name in ("ann", "bob")]
            wait_until(lambda: served.waiting() == 8, "two more wait")
        for each in (*many, *few):
            each.result()
    assert set(order[:3]) == {"greedy", "ann", "bob"}


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
