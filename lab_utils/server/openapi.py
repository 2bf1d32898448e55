"""What `/openapi.json` says of the answers: every status and type that there can be."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from lab_utils import sse
from lab_utils.server.paths import OPENAI_PATHS
from lab_utils.server.schemas import ErrorResponse
from lab_utils.server.security import OPEN_PATHS

Responses = dict[int | str, dict[str, Any]]

EVENT = {"type": "object", "required": ["data"],
         "properties": {"data": {"type": "string"}}}
EVENTS: dict[str, Any] = {sse.MEDIA_TYPE: {"itemSchema": EVENT}}
"""The content of a stream; `itemSchema` is OpenAPI 3.2's word for one event of it."""

REFUSED = (400, 401)
"""A foreign host or origin, and a missing key, before the route is asked."""

ASKED = (*REFUSED, 413, 500, 503)
"""What a request to the engine may end in."""


def errors(*statuses: int) -> Responses:
    """The description of `statuses`, each with an error in OpenAI's format."""
    return {
        status: {"model": ErrorResponse, "description": HTTPStatus(status).phrase}
        for status in statuses
    }


def describe(app: FastAPI, api_key: str | None) -> None:
    """Make the document of `app` say what FastAPI does not know of it."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        for path, methods in document["paths"].items():
            for operation in methods.values():
                _describe(path, operation["responses"])
        if api_key is not None:
            _ask_for_key(document)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _describe(path: str, responses: dict[str, Any]) -> None:
    if path.startswith(OPENAI_PATHS):
        responses.pop("422", None)
    if "503" in responses and path not in OPEN_PATHS:
        retry = {"description": "seconds to wait", "schema": {"type": "string"}}
        responses["503"]["headers"] = {"Retry-After": retry}


def _ask_for_key(document: dict[str, Any]) -> None:
    schemes: Mapping[str, Any] = {"key": {"type": "http", "scheme": "bearer"}}
    document["components"]["securitySchemes"] = schemes
    document["security"] = [{"key": []}]
    for path in OPEN_PATHS:
        document["paths"][path]["get"]["security"] = []
