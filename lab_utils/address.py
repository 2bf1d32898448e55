"""Where a server answers, and how it wants to be asked: in our format, or in OpenAI's.

The second is what vLLM, SGLang, llama.cpp's server, Ollama and most hosted models
understand (developers.openai.com/api/reference, "Chat Completions"). Such an address
ends in `/v1`, as in their own documentation.
"""

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from lab_utils.tokens import NO_ID, Generation, Token

OPENAI = "/v1"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
HEALTH = "/health"
MODELS = f"{OPENAI}/models"
"""Every server in OpenAI's format has it: asked where there is no `/health`."""
NEW_NAMES_ONLY = "api.openai.com"
"""Its newer models refuse `max_tokens`; other servers may not know the newer name."""
ME = uuid.uuid4().hex
"""By this name our servers know all requests of this process, such as a kernel."""


def room_url() -> str | None:
    """The address in `LAB_URL`: of a server that a whole room shares."""
    return os.environ.get("LAB_URL") or None


def some_url(url: str | None) -> str:
    """`url`, or the room's; `ValueError` with what to do if there is neither."""
    if some := url or room_url():
        return some
    raise ValueError(
        "expected the address of a server, such as server.url, or one for the whole "
        "room in the variable LAB_URL; got neither."
    )


def _is_rooms(url: httpx.URL) -> bool:
    room = httpx.URL(room_url() or "")
    return bool(room.host) and (url.scheme, url.host, url.port) == (
        room.scheme, room.host, room.port)


@dataclass(frozen=True, slots=True)
class Address:
    """A server, as a client needs to know it.

    url: such as `server.url`, or ending in `/v1` for OpenAI's format. model: the name
    by which such a server knows the model; several serve their only one without.
    api_key: sent with every request, as a bearer token; None takes `LAB_API_KEY` for a
    server on this machine and for the one in `LAB_URL`, since no other must learn it.
    """

    url: str
    model: str | None = None
    api_key: str | None = None

    @property
    def is_openai(self) -> bool:
        """Whether it is asked in OpenAI's format."""
        return self.url.rstrip("/").endswith(OPENAI)

    @property
    def root(self) -> str:
        """The address without `/v1`: where `/health` is."""
        return self.url.rstrip("/").removesuffix(OPENAI)

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        key = self.api_key
        url = httpx.URL(self.url)
        if key is None and (url.host in LOOPBACK or _is_rooms(url)):
            key = os.environ.get("LAB_API_KEY")
        named = {} if self.is_openai else {"X-Lab-Client": ME}
        return named | ({"Authorization": f"Bearer {key}"} if key else {})

    def request(
        self, prompt: str, params: Mapping[str, Any], *, stream: bool
    ) -> tuple[str, dict[str, Any]]:
        """Path and JSON body that ask for an answer; `params` have the same names in
        both formats."""
        more = {"stream": True} if stream else {}
        if not self.is_openai:
            return "/generate", {"prompt": prompt, **params, **more}
        given = dict(params)
        if "max_tokens" in given and httpx.URL(self.url).host == NEW_NAMES_ONLY:
            given["max_completion_tokens"] = given.pop("max_tokens")
        named = {"model": self.model} if self.model is not None else {}
        turn = {"role": "user", "content": prompt}
        return (f"{OPENAI}/chat/completions",
                {**named, "messages": [turn], **given, **more})

    def lacks(self, response: httpx.Response) -> bool:
        """Whether `response` says that a server in OpenAI's format has no such path."""
        return self.is_openai and response.status_code in (404, 405)

    def token(self, data: dict[str, Any]) -> Token | None:
        """The token that an event's data describe; None if they bring none, as the
        role in front of an answer. `KeyError` or `TypeError` if they are none of ours.

        In OpenAI's format a token has no id and no time, and the reason for the end may
        come alone.
        """
        if not self.is_openai:
            return Token.from_event(data)
        if not data["choices"]:
            return None  # the usage, behind the answer
        choice = data["choices"][0]
        text, reason = choice["delta"].get("content") or "", choice.get("finish_reason")
        if not text and reason is None:
            return None
        return Token(text, NO_ID, 0.0, finish_reason=reason)

    def generation(self, body: dict[str, Any]) -> Generation:
        """The whole answer that a response's body describes; without `usage`, its text
        counts as one token. `LookupError` or `TypeError` if it describes none."""
        if not self.is_openai:
            return Generation(**body)
        choice, usage = body["choices"][0], body.get("usage") or {}
        return Generation(
            text=choice["message"]["content"] or "",
            token_ids=[],
            prompt_tokens=usage.get("prompt_tokens", 0),
            completion_tokens=usage.get("completion_tokens", 1),
            finish_reason=choice["finish_reason"],
            prefill_time_ms=0.0,
            total_time_ms=0.0,
            tokens_per_second=None,
        )
