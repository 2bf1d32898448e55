"""Every way a request can fail, as a response: one status and one JSON body each.

Nothing a client sends makes a 500. What goes into a body is ours: never a path, an
address, a prompt or the text of an exception from inside the engine.
"""

import json
import logging
from collections.abc import Awaitable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match

from lab_utils.runners import RunnerError
from lab_utils.server.paths import OPENAI_PATHS
from lab_utils.server.schemas import error_body
from lab_utils.tokens import InvalidRequest, ModelError

logger = logging.getLogger("lab_utils.server")

RETRY_AFTER_S = 1
CLIENT_LEFT = 499
"""nginx's status for a client that left; nobody receives it."""
LONGEST_NAME = 100
FILE_METHODS = ("GET", "HEAD")


def error_response(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error in OpenAI's format with `status`."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return _json(status, error_body(message, kind, param, code), headers)


def describe(error: Exception) -> tuple[int, dict[str, Any]]:
    """Status and JSON body for what ended a request, before or after its first byte."""
    if isinstance(error, InvalidRequest):
        body = error_body(str(error), "invalid_request_error", error.param, error.code)
        return 400, body
    if isinstance(error, RunnerError):
        return 503, error_body(f"{error}.", "server_error", None, error.code)
    if isinstance(error, ModelError):
        return 500, error_body(f"{error}.", "server_error", None, "model_error")
    logger.error("the engine failed", exc_info=error)
    message = "The engine failed while it answered; its log says why."
    return 500, error_body(message, "server_error", None, "engine_error")


def failure(error: Exception) -> Response:
    """The response for what ended a request before its first byte was sent."""
    status, body = describe(error)
    busy = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else None
    return _json(status, body, busy)


async def or_failure(answer: Awaitable[Response]) -> Response:
    """What comes of `answer`, or the response for what ended it: an error that nobody
    foresaw would cost the connection if it were left to the framework."""
    try:
        return await answer
    except ClientDisconnect:
        raise
    except Exception as error:
        return failure(error)


def install(app: FastAPI) -> None:
    """Make every error of `app` look the same."""

    @app.exception_handler(RequestValidationError)
    async def _schema(request: Request, error: RequestValidationError) -> Response:
        if request.url.path.startswith(OPENAI_PATHS):
            return _openai_schema(error)
        # FastAPI's own body repeats the input: it cannot be encoded when that holds NaN
        # or half a surrogate pair, and it echoes the prompt.
        detail = [
            {"type": item["type"], "loc": [_short(part) for part in item["loc"]],
             "msg": item["msg"]}
            for item in error.errors()
        ]
        return _json(422, {"detail": detail})

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        message = f"{error.detail.rstrip('.')}."
        headers = error.headers
        if error.status_code == 405:
            headers = {"Allow": ", ".join(_allowed(request))}
        return error_response(error.status_code, message, headers=headers)

    @app.exception_handler(ClientDisconnect)
    async def _left(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=CLIENT_LEFT)

    @app.exception_handler(InvalidRequest)
    @app.exception_handler(RunnerError)
    @app.exception_handler(Exception)
    async def _ours(request: Request, error: Exception) -> Response:
        return failure(error)


def _allowed(request: Request) -> list[str]:
    # Starlette names those of the first route alone, where two share a path, and none
    # for files, which can only be got.
    routes = [route for route in request.app.routes
              if route.matches(request.scope)[0] is not Match.NONE]
    names = {name for route in routes for name in getattr(route, "methods", ())}
    return sorted(names or FILE_METHODS)


def _openai_schema(error: RequestValidationError) -> Response:
    """400 for the first thing that is wrong; the input is not repeated."""
    item = error.errors()[0]
    cause = item.get("ctx", {}).get("error")
    if isinstance(cause, InvalidRequest):
        return failure(cause)
    if item["type"] == "json_invalid":
        return error_response(400, "The body is no valid JSON.", code="invalid_json")
    names = [f"[{part}]" if isinstance(part, int) else f".{_short(part)}"
             for part in item["loc"][1:]]
    param = "".join(names).lstrip(".") or None
    missing = item["type"] == "missing"
    code = "missing_required_parameter" if missing else "invalid_value"
    said = item["msg"].removeprefix("Value error, ")
    return error_response(
        400, f"{param or 'the body'}: {said}.", param=param, code=code
    )


def _short(part: str | int) -> str | int:
    return part[:LONGEST_NAME] if isinstance(part, str) else part


def _json(
    status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    # json.dumps escapes all but ASCII: half a surrogate pair in a field's name passes.
    return Response(json.dumps(body), status, headers, "application/json")

