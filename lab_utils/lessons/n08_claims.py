"""What a common comparison says of vLLM and SGLang, and what their sources say."""

from collections.abc import Collection
from typing import NamedTuple

from IPython.display import Markdown

VLLM = "https://github.com/vllm-project/vllm/blob/main/vllm"
SGLANG = "https://github.com/sgl-project/sglang/blob/main/python/sglang/srt"


class Claim(NamedTuple):
    """One row of the comparison: whether it holds, what is so, and where that is
    written (a name and its address)."""

    holds: bool
    so: str
    where: tuple[str, str]


CLAIMS = {
    1: Claim(
        False,
        "vLLM's `LLMEngine` has no `generate`, only `add_request` and `step`; the "
        "server calls `AsyncLLM.generate`, an asynchronous generator",
        ("v1/engine/async_llm.py", f"{VLLM}/v1/engine/async_llm.py"),
    ),
    2: Claim(
        True, "both send `data: …` lines and end with `[DONE]`",
        ("entrypoints/http_server.py", f"{SGLANG}/entrypoints/http_server.py"),
    ),
    3: Claim(
        False,
        "true of vLLM; SGLang's scheduler is a process, too, one per part of the model",
        ("entrypoints/engine.py", f"{SGLANG}/entrypoints/engine.py"),
    ),
    4: Claim(
        True, "both check with Pydantic, as FastAPI does",
        ("entrypoints/openai/protocol.py", f"{SGLANG}/entrypoints/openai/protocol.py"),
    ),
    5: Claim(
        False,
        "vLLM starts uvicorn itself; Gunicorn was asked for, and not taken",
        ("pull request 2818", "https://github.com/vllm-project/vllm/pull/2818"),
    ),
    6: Claim(
        True, "both are FastAPI apps, and have `/docs` unless it is switched off",
        ("entrypoints/http_server.py", f"{SGLANG}/entrypoints/http_server.py"),
    ),
}
"""As of vLLM 0.32 and SGLang 0.5.23, November 2026."""


def verdicts(mine: Collection[int]) -> Markdown:
    """A table of the claims; `mine` are the rows that the reader thinks wrong."""
    found = sum(row in mine for row, claim in CLAIMS.items() if not claim.holds)
    rows = "\n".join(_row(row, claim, row in mine) for row, claim in CLAIMS.items())
    return Markdown(
        f"| | holds? | you | what is so | source |\n| --- | --- | --- | --- | --- |\n"
        f"{rows}\n\nYou found {found} of the 3."
    )


def _row(row: int, claim: Claim, thought_wrong: bool) -> str:
    right = thought_wrong != claim.holds
    name, url = claim.where
    return (f"| {row} | {'yes' if claim.holds else '**no**'} | {'✓' if right else '✗'} "
            f"| {claim.so} | [{name}]({url}) |")
