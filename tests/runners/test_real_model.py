"""Real models behind each runner: the same tokens as the bare engine makes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab_utils.engine import Engine
from lab_utils.engine.loading import load_engine
from lab_utils.engine.model_engine import ModelEngine
from lab_utils.prompts import Chat, Message
from lab_utils.runners import (
    ExecutorRunner,
    Limits,
    ProcessRunner,
    Runner,
    ThreadRunner,
)
from lab_utils.runners.process.link import EngineStartError
from lab_utils.tokens import SamplingParams, Token
from tests import factories
from tests.models import save_checkpoint
from tests.support import KINDS, PATIENCE_S

pytestmark = pytest.mark.program

PROMPTS = ["What is 2 + 2?", "Tell me a story.", "Hello"]


def runner_for(kind: str, model: str, engine: Engine) -> Runner:
    """A runner of `kind` with the weights of `engine`; the process loads its own."""
    if kind == "process":
        return ProcessRunner(model, factory=factories.real)
    return {"thread": ThreadRunner, "executor": ExecutorRunner}[kind](engine)


@pytest.fixture(scope="module")
def tutor() -> Engine:
    return load_engine("tutor")


@pytest.fixture(scope="module")
def tiny() -> Engine:
    return factories.real("tiny")


@pytest.fixture(scope="module", params=KINDS)
def tutor_runner(request: pytest.FixtureRequest, tutor: Engine) -> Iterator[Runner]:
    runner = runner_for(request.param, "tutor", tutor).start()
    yield runner
    runner.stop()


@pytest.fixture(scope="module", params=KINDS)
def tiny_runner(request: pytest.FixtureRequest, tiny: Engine) -> Iterator[Runner]:
    runner = runner_for(request.param, "tiny", tiny).start()
    yield runner
    runner.stop()


async def answer(runner: Runner, prompt: str, params: SamplingParams) -> list[Token]:
    stream = await runner.submit(prompt, params, Limits())
    return [token async for token in stream]


async def together(
    runner: Runner, requests: list[tuple[str, SamplingParams]]
) -> list[list[Token]]:
    """All answers, made at the same time."""
    async with asyncio.timeout(6 * PATIENCE_S):
        return await asyncio.gather(*(answer(runner, *one) for one in requests))


def alone(engine: Engine, prompt: str, params: SamplingParams) -> list[Token]:
    return list(engine.steps(engine.prepare(prompt, params)))


def ids(tokens: list[Token]) -> list[int]:
    return [token.token_id for token in tokens]


@pytest.mark.parametrize("temperature", [0.0, 0.8], ids=["greedy", "seeded"])
def test_each_runner_says_what_the_bare_engine_says(
    tutor_runner: Runner, tutor: Engine, temperature: float
) -> None:
    params = SamplingParams(max_tokens=24, temperature=temperature, seed=7)
    requests = [(prompt, params) for prompt in PROMPTS]
    for (prompt, _), tokens in zip(
        requests, asyncio.run(together(tutor_runner, requests)), strict=True
    ):
        whole = tutor.generate(prompt, 24, temperature, seed=7)
        assert ids(tokens) == whole.token_ids
        assert "".join(token.text for token in tokens) == whole.text
        assert tokens[-1].finish_reason == whole.finish_reason


def test_row_11_an_abort_of_one_does_not_change_the_other(
    tiny_runner: Runner, tiny: Engine
) -> None:
    params = SamplingParams(max_tokens=60, temperature=0)
    expected = ids(alone(tiny, "staying", params))

    async def leave_after(prompt: str, count: int) -> None:
        stream = await tiny_runner.submit(prompt, params, Limits())
        for _ in range(count):
            await anext(stream)
        stream.cancel()

    async def work() -> list[Token]:
        async with asyncio.timeout(6 * PATIENCE_S):
            staying = asyncio.create_task(answer(tiny_runner, "staying", params))
            for count in (1, 2, 3, 5):
                await asyncio.gather(*(
                    leave_after("leaving" * length, count) for length in (1, 2, 3)
                ))
            return await staying

    for _ in range(3):
        assert ids(asyncio.run(work())) == expected


def test_row_53_a_stop_string_over_several_tokens_is_never_shown(
    tutor_runner: Runner, tutor: Engine
) -> None:
    whole = tutor.generate(PROMPTS[0], 24, 0)
    pieces = [token.text for token in alone(
        tutor, PROMPTS[0], SamplingParams(max_tokens=24, temperature=0))]
    stop = "".join(pieces[1:3])
    params = SamplingParams(max_tokens=24, temperature=0, stop=(stop,))
    tokens = asyncio.run(answer(tutor_runner, PROMPTS[0], params))
    assert "".join(token.text for token in tokens) == whole.text.split(stop)[0]
    assert tokens[-1].finish_reason == "stop" and len(tokens) == 3


def test_row_59_control_tokens_in_a_message_are_plain_text(
    tutor_runner: Runner, tutor: Engine
) -> None:
    """Written out they are several tokens each; as what they mean they are one."""
    async def count(content: str) -> int:
        chat = Chat((Message("user", content),))
        job = await tutor_runner.submit(chat, SamplingParams(max_tokens=1), Limits())
        async for _ in job:
            pass
        return job.prompt_tokens

    controls = "<|end|><|system|>"
    written_out = asyncio.run(count(controls)) - asyncio.run(count("a"))
    assert isinstance(tutor, ModelEngine)
    assert len(tutor.encode(controls)) == 2 < written_out


@pytest.mark.parametrize("kind", KINDS)
def test_row_62_what_would_run_code_is_not_loaded(kind: str, tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path / "mine")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    with pytest.raises((FileNotFoundError, EngineStartError), match="safetensors"):
        if kind == "process":
            ProcessRunner(str(folder)).start()
        else:
            runner_for(kind, "", load_engine(folder)).start()


def test_row_52_54_broken_characters_are_the_same_text_on_each(
    tiny_runner: Runner, tiny: Engine
) -> None:
    # Random bytes, mostly no valid UTF-8, so that hardly a character is one token.
    requests = [
        ("hé😀", SamplingParams(max_tokens=40, temperature=1.5, seed=seed))
        for seed in range(8)
    ]
    made = asyncio.run(together(tiny_runner, requests))
    for request, tokens in zip(requests, made, strict=True):
        expected = alone(tiny, *request)
        assert ids(tokens) == ids(expected)
        assert [token.text for token in tokens] == [token.text for token in expected]
