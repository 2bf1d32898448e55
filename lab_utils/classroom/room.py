"""The room's guesses on a page of its own: what `predict` was told, counted.

A server that many share (`serve --room`) is told each guess, with the question, by the
kernels that have its address in `LAB_URL`. The page shows how often each value came;
who guessed what, it does not know.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape
from typing import Annotated

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from lab_utils.classroom.page import page
from lab_utils.panel.prediction import ROOM
from lab_utils.plots.text import number
from lab_utils.server.client_name import client_name
from lab_utils.server.errors import error_response

MOST_QUESTIONS = 200
MOST_CLIENTS = 1000
MOST_ROWS = 12
AGAIN_S = 5
"""So often the page loads itself anew."""

BAR = ("display:inline-block;height:.8em;min-width:2px;margin-right:.5em;"
       "background:var(--lab-first)")


class Guessed(BaseModel):
    """One reader's guess: `value`, in `unit`, to `question`."""

    question: Annotated[str, Field(min_length=1, max_length=200)]
    value: Annotated[float, Field(allow_inf_nan=False)]
    unit: Annotated[str, Field(max_length=20)] = ""


def add_room(app: FastAPI) -> None:
    """Add `POST /guesses`, and at the same address the page, to `app`."""
    questions: dict[str, dict[str, Guessed]] = {}

    @app.post(ROOM, include_in_schema=False)
    async def guess(guessed: Guessed, request: Request) -> Response:
        """Count a guess; a client's newest one of a question replaces its earlier."""
        asked = questions.get(guessed.question, {})
        client = client_name(request)
        if (guessed.question not in questions and len(questions) >= MOST_QUESTIONS) or (
                client not in asked and len(asked) >= MOST_CLIENTS):
            return error_response(
                503, f"The page has room for {MOST_QUESTIONS} questions and "
                f"{MOST_CLIENTS} readers; start the server anew to empty it.")
        questions.setdefault(guessed.question, {})[client] = guessed
        return Response(status_code=204)

    @app.get(ROOM, include_in_schema=False)
    async def guesses() -> HTMLResponse:
        return HTMLResponse(_page(questions), headers={"Refresh": str(AGAIN_S)})


def _page(questions: Mapping[str, Mapping[str, Guessed]]) -> bytes:
    """The newest question first."""
    parts = [_question(question, guesses.values())
             for question, guesses in reversed(list(questions.items()))]
    nothing = '<p class="soft">Nobody has guessed yet.</p>\n'
    return page("What the room guesses", "".join(parts) or nothing)


def _question(question: str, guesses: Iterable[Guessed]) -> str:
    every = list(guesses)
    counts = counted([each.value for each in every])
    most = max(counts.values())
    rows = "".join(
        f'<tr><td class="number">{number(value)} {escape(every[0].unit)}</td>'
        f'<td style="width:75%"><span style="{BAR};width:{80 * count / most:.0f}%">'
        f"</span>{count}</td></tr>\n" for value, count in counts.items()
    )
    return (f'<h2>{escape(question)}</h2>\n<p class="soft">{len(every)} guesses</p>\n'
            f"<table>\n{rows}</table>\n")


def counted(values: Iterable[float]) -> dict[float, int]:
    """How often each value came, the smallest first; where there are too many for a
    page, values are rounded to so few digits that there are not."""
    values = list(values)
    for digits in (6, 2, 1):
        counts = Counter(float(f"{value:.{digits}g}") for value in values)
        if len(counts) <= MOST_ROWS:
            break
    return dict(sorted(counts.items()))
