"""What a server replied: bytes in, tokens or a clear error out."""

import json
from collections.abc import Generator
from typing import Any

import httpx

from lab_utils import sse
from lab_utils.address import Address
from lab_utils.tokens import Token


class LabError(RuntimeError):
    """The server could not be reached, refused, or broke off; the text says which."""


class ServerGone(LabError):
    """Nobody answers at the address, or the connection broke."""


class RequestRefused(LabError):
    """The server answered with an error.

    `status` is the HTTP status, `body` the parsed JSON (or the text).
    """

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"the server answered {status}: {_reason(body)}")
        self.status = status
        self.body = body


class StreamFailed(LabError):
    """The stream ended before its answer did: an error event, or no `[DONE]`."""


class Reader:
    """Bytes of one response in, tokens out; knows how the stream ended."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._decoder = sse.Decoder()
        self._done = False

    def feed(self, chunk: bytes) -> Generator[Token, None, None]:
        """The tokens that `chunk` completes; `StreamFailed` at an error event."""
        for event in self._decoder.feed(chunk):
            if event.data == sse.DONE:
                self._done = True
                return
            token = self._token(event.data)
            if token is not None:
                yield token

    def _token(self, text: str) -> Token | None:
        """The token that an event's data describes, if any; `StreamFailed` if it is
        nothing that we know."""
        try:
            data = json.loads(text)
            if "error" not in data:
                return self._address.token(data)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise StreamFailed(
                f"an event of the stream is no token: {text:.80}"
            ) from error
        raise StreamFailed(f"the stream failed: {_reason(data)}")

    def check_end(self) -> None:
        """`StreamFailed` unless the stream said that it was over."""
        if not self._done:
            raise StreamFailed(
                "the stream ended without [DONE]: the answer is not complete."
            )


def checked(response: httpx.Response) -> Any:
    """The body of a response, parsed; `RequestRefused` if its status is not 200."""
    try:
        body = response.json()
    except ValueError:
        body = response.text
    if response.status_code != 200:
        raise RequestRefused(response.status_code, body)
    return body


def stranger(body: Any) -> LabError:
    """The error for a body in a format that is not known here."""
    return LabError(
        f"expected an answer in a format that is known here; got {str(body)[:80]!r}. "
        "Is a proxy or a login page in between?"
    )


def _reason(body: Any) -> str:
    """The sentence inside an error body of this project's servers."""
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        return str(body["error"].get("message", body["error"]))
    if isinstance(body, dict) and isinstance(body.get("detail"), list):
        return "; ".join(
            f"{item['loc'][-1]}: {item['msg']}" if item.get("loc") else str(item)
            for item in body["detail"]
        )
    return str(body)[:200]
