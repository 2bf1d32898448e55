"""The Flask server of Part 1 (WSGI): the thread that took a request works on it alone.

What blocks is not Flask but the number of threads. `BackgroundServer(app)` serves this
app with one, so that `/health` waits behind a running answer; `threads=4` waits behind
the fifth. And WSGI can stream: a response body is an iterable, sent piece by piece.
"""

from collections.abc import Iterator
from itertools import chain

from flask import Flask, Response, jsonify, request
from pydantic import ValidationError

from lab_utils import sse
from lab_utils.engine import Engine
from lab_utils.server.schemas import GenerateRequest
from lab_utils.tokens import InvalidRequest


def create_flask_app(engine: Engine) -> Flask:
    """Build Part 1's server: `POST /generate` and `GET /health`, with the same fields
    and formats as `create_app`."""
    app = Flask("lab_utils.baselines.flask_server")

    @app.post("/generate")
    def generate() -> Response:
        body = GenerateRequest.model_validate(request.get_json())
        fields = body.model_dump(exclude={"stream"})
        if body.stream:
            return Response(_events(engine, fields), mimetype=sse.MEDIA_TYPE)
        return jsonify(engine.generate(**fields).as_dict())

    @app.get("/health")
    def health() -> tuple[dict[str, str], dict[str, str]]:
        about = {"status": "ok", "model": engine.name, "runner": "flask"}
        return about, {"Server-Timing": f"pace;dur={engine.pace_ms:g}"}

    @app.errorhandler(ValidationError)
    @app.errorhandler(InvalidRequest)
    def invalid(error: ValueError) -> tuple[dict[str, str], int]:
        return {"error": str(error)}, 400

    return app


def _events(engine: Engine, fields: dict[str, object]) -> Iterator[bytes]:
    # Checked here, while the status can still be 400; the tokens come at each `next`.
    tokens = engine.generate_stream(**fields)  # type: ignore[arg-type]
    events = (sse.encode(token.event()) for token in tokens)
    return chain(events, [sse.encode(sse.DONE)])
