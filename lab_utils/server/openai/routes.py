"""The routes under /v1: models, completions and chat completions."""

import time
from typing import Annotated, Any

from fastapi import FastAPI, Path, Request
from starlette.responses import JSONResponse, Response

from lab_utils.runners import Limits, Runner
from lab_utils.server import errors
from lab_utils.server.answers import Answers, collect, unless_gone
from lab_utils.server.client_name import client_name
from lab_utils.server.openai.responses import (
    ChatResponse,
    CompletionResponse,
    ModelResponse,
    ModelsResponse,
)
from lab_utils.server.openai.schemas import ChatRequest, CompletionRequest
from lab_utils.server.openai.wire import ChatCompletion, Completion, TextCompletion
from lab_utils.server.openapi import ASKED, EVENTS, REFUSED, Responses
from lab_utils.server.openapi import errors as described
from lab_utils.server.streaming import EventStream
from lab_utils.tokens import InvalidRequest


def add_openai(app: FastAPI, runner: Runner, limits: Limits) -> None:
    """Add the routes under /v1 to `app`."""
    created = int(time.time())
    possible: Responses = {200: {"content": EVENTS}, **described(404, *ASKED)}

    async def answer(
        asked: CompletionRequest | ChatRequest, kind: type[Completion], request: Request
    ) -> Response:
        if asked.model not in (None, runner.model):
            return _no_model(runner)
        prompts, params = asked.prompts(), asked.sampling()
        most = runner.max_batch + runner.max_queue
        if len(prompts) > most:
            raise InvalidRequest(
                f"prompt must hold at most {most} prompts, as many as this server has "
                f"places for; got {len(prompts)}.", "prompt",
            )
        work = Answers.admit(runner, prompts, params, limits, client_name(request))
        answers = await unless_gone(request.receive, work)
        completion = kind(runner.model, answers.jobs, asked.include_usage)
        if asked.stream:
            return EventStream(answers, limits, completion)
        generations = await collect(answers, request.receive)
        return JSONResponse(completion.whole(generations))

    @app.post("/v1/completions", response_model=CompletionResponse, responses=possible)
    async def completions(body: CompletionRequest, request: Request) -> Response:
        """Continue `prompt` in OpenAI's format, whole or as a stream."""
        return await errors.or_failure(answer(body, TextCompletion, request))

    @app.post("/v1/chat/completions", response_model=ChatResponse, responses=possible)
    async def chat_completions(body: ChatRequest, request: Request) -> Response:
        """Answer `messages` in OpenAI's format, whole or as a stream."""
        return await errors.or_failure(answer(body, ChatCompletion, request))

    @app.get("/v1/models", response_model=ModelsResponse, responses=described(*REFUSED))
    async def models() -> Response:
        """The one model that is served."""
        return JSONResponse({"object": "list", "data": [_model(runner, created)]})

    @app.get("/v1/models/{name:path}", response_model=ModelResponse,
             responses=described(404, *REFUSED))
    async def model(
        name: Annotated[str, Path(examples=[runner.model])]
    ) -> Response:
        """The model `name`, if it is the one that is served."""
        known = name == runner.model
        return JSONResponse(_model(runner, created)) if known else _no_model(runner)


def _model(runner: Runner, created: int) -> dict[str, Any]:
    return {"id": runner.model, "object": "model", "created": created,
            "owned_by": "streaming-llm-lab", "max_model_len": runner.context}


def _no_model(runner: Runner) -> Response:
    return errors.error_response(
        404, f"There is no such model here; {runner.model!r} is served.",
        param="model", code="model_not_found",
    )
