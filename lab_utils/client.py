"""HTTP in, tokens out: what a program does to talk to the server.

Every method has an asynchronous twin whose name begins with `a`.
"""

from collections.abc import AsyncGenerator, Generator
from types import TracebackType
from typing import Any, Self

import httpx

from lab_utils.address import HEALTH, MODELS, Address, some_url
from lab_utils.reply import (
    LabError,
    Reader,
    RequestRefused,
    ServerGone,
    StreamFailed,
    checked,
    stranger,
)
from lab_utils.tokens import Generation, Token

__all__ = ["LabClient", "LabError", "RequestRefused", "ServerGone", "StreamFailed"]

CONNECT_S = 5.0


class LabClient:
    """Talks to one server.

    url: such as `server.url`; any server that speaks OpenAI's format, if it ends in
    `/v1`; None takes the one in `LAB_URL`, which a whole room shares. model: the name
    by which such a server knows the model. api_key: sent with every request; the
    default there and on loopback is `LAB_API_KEY`, where a server on a JupyterHub
    leaves it. timeout: the longest wait for bytes in seconds; None, the default, waits
    as long as the server takes.

    A stream holds a slot of the server until it ends or is left: `break` out of the
    loop, or `close()` the stream, and the connection closes.
    """

    def __init__(
        self, url: str | None = None, *, model: str | None = None,
        api_key: str | None = None, timeout: float | None = None,
    ) -> None:
        self.url = some_url(url).rstrip("/")
        self._address = Address(self.url, model, api_key)
        settings: dict[str, Any] = {
            "base_url": self._address.root,
            "headers": self._address.headers,
            "timeout": httpx.Timeout(timeout, connect=CONNECT_S),
            "trust_env": False,  # a campus proxy must not see loopback calls
            # To load the certificates takes longer than a short answer.
            "verify": self.url.startswith("https:"),
        }
        self._settings = settings
        self._client = httpx.Client(**settings)

    def generate(self, prompt: str, **params: Any) -> Generation:
        """The whole answer; `params` are the fields of `/generate`, or what the server
        knows by the same names."""
        path, body = self._address.request(prompt, params, stream=False)
        try:
            response = self._client.post(path, json=body)
        except httpx.TransportError as error:
            raise self._gone(error) from error
        return self._generation(response)

    def stream(self, prompt: str, **params: Any) -> Generator[Token, None, None]:
        """Yield the answer's tokens as they arrive."""
        path, body = self._address.request(prompt, params, stream=True)
        try:
            with self._client.stream("POST", path, json=body) as response:
                if response.status_code != 200:
                    response.read()
                    checked(response)
                reader = Reader(self._address)
                for chunk in response.iter_raw():
                    yield from reader.feed(chunk)
                reader.check_end()
        except httpx.TransportError as error:
            raise self._gone(error) from error

    def health(self) -> dict[str, Any]:
        """What `/health` says, also when it says that the engine is dead; of a server
        that has none, what `/v1/models` says."""
        try:
            response = self._client.get(HEALTH)
            if self._address.lacks(response):
                response = self._client.get(MODELS)
            return self._health(response)
        except httpx.TransportError as error:
            raise self._gone(error) from error

    async def agenerate(self, prompt: str, **params: Any) -> Generation:
        """The whole answer, awaited."""
        path, body = self._address.request(prompt, params, stream=False)
        try:
            async with httpx.AsyncClient(**self._settings) as client:
                response = await client.post(path, json=body)
        except httpx.TransportError as error:
            raise self._gone(error) from error
        return self._generation(response)

    async def astream(self, prompt: str, **params: Any) -> AsyncGenerator[Token]:
        """Yield the answer's tokens as they arrive, awaiting each."""
        path, body = self._address.request(prompt, params, stream=True)
        try:
            async with (
                httpx.AsyncClient(**self._settings) as client,
                client.stream("POST", path, json=body) as response,
            ):
                if response.status_code != 200:
                    await response.aread()
                    checked(response)
                reader = Reader(self._address)
                async for chunk in response.aiter_raw():
                    for token in reader.feed(chunk):
                        yield token
                reader.check_end()
        except httpx.TransportError as error:
            raise self._gone(error) from error

    async def ahealth(self) -> dict[str, Any]:
        """What `/health` says, awaited."""
        try:
            async with httpx.AsyncClient(**self._settings) as client:
                response = await client.get(HEALTH)
                if self._address.lacks(response):
                    response = await client.get(MODELS)
                return self._health(response)
        except httpx.TransportError as error:
            raise self._gone(error) from error

    def close(self) -> None:
        """Close the connections that are kept for the next request."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _generation(self, response: httpx.Response) -> Generation:
        body = checked(response)
        try:
            return self._address.generation(body)
        except (LookupError, TypeError, AttributeError) as error:
            raise stranger(body) from error

    def _health(self, response: httpx.Response) -> dict[str, Any]:
        try:
            body = checked(response)
        except RequestRefused as refused:  # 503 is how it says that it is not well
            if refused.status != 503 or not isinstance(refused.body, dict):
                raise
            body = refused.body
        if body == "" and self._address.is_openai:
            return {}  # vLLM's 200 has no body
        if not isinstance(body, dict):
            raise stranger(body)
        return body

    def _gone(self, error: httpx.TransportError) -> ServerGone:
        what = "did not answer in time" if isinstance(
            error, httpx.TimeoutException
        ) else "does not answer" if isinstance(
            error, httpx.ConnectError
        ) else "broke the connection off"
        return ServerGone(f"the server at {self.url} {what} ({error}); does it run?")
