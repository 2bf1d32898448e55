"""The ASGI application: one `/generate` with two modes, and what operators need."""

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

from lab_utils.engine import Engine
from lab_utils.runners import Limits, Runner, ThreadRunner
from lab_utils.server import errors, hub, openapi, timing
from lab_utils.server.access_log import AccessLog
from lab_utils.server.answers import Answers, collect, unless_gone
from lab_utils.server.client_name import client_name
from lab_utils.server.openai import add_openai
from lab_utils.server.request_id import RequestId
from lab_utils.server.schemas import (
    GenerateQuery,
    GenerateRequest,
    GenerateResponse,
    HealthResponse,
    ReadyResponse,
)
from lab_utils.server.security import BodyLimit, Guard
from lab_utils.server.streaming import EventStream, TokenEvents

PAGE = Path(__file__).parent / "page"
OWN_ONLY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    "style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
"""The playground loads and asks this server alone, and runs no script in its text."""

# A Windows registry may call scripts text/plain, and browsers run no such module.
mimetypes.add_type("text/javascript", ".js")


def create_app(
    engine: Engine | Runner,
    *,
    api_key: str | None = None,
    allow_hosts: Iterable[str] = (),
    limits: Limits | None = None,
) -> FastAPI:
    """Build the server for `engine`, to be run by `BackgroundServer` or uvicorn.

    engine: an engine is wrapped in the default runner, `ThreadRunner`; pass a runner to
        choose another. It is started and stopped with the server.
    api_key: asked for on every route but `/health`. None asks for none, but on a
        JupyterHub for one that `LabClient` finds by itself; "" asks for none there,
        too.
    allow_hosts: names under which it may be addressed, besides loopback.
    """
    runner = engine if isinstance(engine, Runner) else ThreadRunner(engine)
    limits = limits or Limits()
    api_key = hub.default_key() if api_key is None else api_key or None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(runner.start)
        yield
        await asyncio.to_thread(runner.stop)

    app = FastAPI(
        title="Streaming LLM lab",
        description="One model, one endpoint, two modes.",
        servers=[{"url": "."}],  # as seen from /openapi.json, wherever a proxy puts it
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.runner, app.state.api_key = runner, api_key
    app.add_middleware(BodyLimit, max_bytes=limits.body_bytes)
    app.add_middleware(
        Guard, allow_hosts=allow_hosts, api_key=api_key, hub_path=hub.prefix()
    )
    app.add_middleware(AccessLog)
    app.add_middleware(RequestId)
    errors.install(app)
    _add_generate(app, runner, limits)
    add_openai(app, runner, limits)
    _add_health(app, runner, limits)
    _add_pages(app)
    openapi.describe(app, api_key)
    return app


def _add_generate(app: FastAPI, runner: Runner, limits: Limits) -> None:
    async def answer(
        asked: GenerateRequest | GenerateQuery, stream: bool, request: Request
    ) -> Response:
        # Also who leaves while the prompt is checked is noticed: an engine in another
        # process may be busy with a long step meanwhile.
        work = Answers.admit(runner, [asked.prompt], asked.sampling(), limits,
                             client_name(request))
        answers = await unless_gone(request.receive, work)
        if stream:
            return EventStream(answers, limits, TokenEvents())
        [whole] = await collect(answers, request.receive)
        spans = {timing.NAME: timing.of_whole(answers.jobs[0], whole)}
        return JSONResponse(whole.as_dict(), headers=spans)

    possible = openapi.errors(*openapi.ASKED)

    @app.post("/generate", response_model=GenerateResponse,
              responses={200: {"content": openapi.EVENTS}, **possible})
    async def generate(body: GenerateRequest, request: Request) -> Response:
        """Answer `prompt`: as JSON, or as Server-Sent Events with `"stream": true`."""
        return await errors.or_failure(answer(body, body.stream, request))

    @app.get("/generate", response_class=Response,
             responses={200: {"content": openapi.EVENTS}, **possible})
    async def generate_events(
        query: Annotated[GenerateQuery, Query()], request: Request
    ) -> Response:
        """Stream the answer to a browser's `EventSource`, which can only GET."""
        return await errors.or_failure(answer(query, True, request))


def _add_health(app: FastAPI, runner: Runner, limits: Limits) -> None:
    @app.get("/health", response_model=HealthResponse,
             responses={503: {"model": HealthResponse}, **openapi.errors(400)})
    async def health() -> Response:
        """200 while the engine lives, else 503; costs the engine nothing."""
        status = runner.status(limits.stall_s)
        return JSONResponse(
            asdict(status), 200 if status.status == "ok" else 503,
            headers={timing.NAME: f"pace;dur={runner.pace_ms:g}"},
        )

    @app.get("/ready", response_model=ReadyResponse,
             responses={503: {"model": ReadyResponse},
                        **openapi.errors(*openapi.REFUSED)})
    async def ready() -> Response:
        """200 while a new request would be admitted, else 503."""
        is_ready = runner.ready and runner.status(limits.stall_s).status == "ok"
        return JSONResponse({"ready": is_ready}, 200 if is_ready else 503)


def _add_pages(app: FastAPI) -> None:
    # All addresses in them are relative, so that they work below a path, too, as behind
    # jupyter-server-proxy.
    app.mount("/page", StaticFiles(directory=PAGE), name="page")

    @app.get("/", include_in_schema=False)
    async def playground() -> Response:
        return FileResponse(PAGE / "playground" / "index.html", headers=OWN_ONLY)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        # FastAPI's page, with its scripts served from here: it works offline.
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title="Streaming LLM lab",
            swagger_js_url="page/swagger-ui-bundle.js",
            swagger_css_url="page/swagger-ui.css",
            swagger_favicon_url="page/favicon-32x32.png",
        )
