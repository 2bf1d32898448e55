"""Exercises for notebook 08: one scheduling step, OpenAI's stream, three deaths."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from lab_utils.exercises.exercise import Exercise, Wrong
from lab_utils.lessons.n08_checks import walk
from lab_utils.lessons.your_turn import NotYet

Admit = Callable[[list[int], list[int], int], None]
ChatText = Callable[[Iterable[dict[str, Any]]], str]
Seen = list[tuple[float, str]]
Statuses = list[tuple[float, int]]
PostMortem = Callable[[Seen, Statuses], dict[str, str]]


def _fills(
    waiting: list[int], running: list[int], idea: str, admit: Admit
) -> None:
    """8.1 in one situation, with four slots."""
    waits, runs = list(waiting), list(running)
    admit(waits, runs, 4)
    free = 4 - len(running)
    due = [*running, *waiting[:free]]
    if len(runs) > 4:
        raise Wrong(f"{len(runs)} run in 4 slots: there is no room for the keys and "
                    "values of more. See 8.3.")
    if runs != due or waits != waiting[free:]:
        raise Wrong(f"waiting {waiting}, running {running}, 4 slots: now {runs} run "
                    f"and {waits} wait; expected {due} and {waiting[free:]}. {idea} "
                    "See 8.3.")


def _for_200_steps(admit: Admit) -> None:
    try:
        walk(admit)
    except NotYet as wrong:
        raise Wrong(f"{wrong} See 8.3.") from None


def _chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


ROLE = _chunk({"role": "assistant"})
WORDS = [_chunk({"content": word}) for word in ("The", " answer", " is", " 4.")]
LAST = _chunk({}, "stop")
NULL = _chunk({"content": None}, "stop")
USAGE = {"object": "chat.completion.chunk", "choices": [],
         "usage": {"completion_tokens": 4}}
STREAMS = {
    "words alone": WORDS,
    "a first chunk that brings the role only": [ROLE, *WORDS],
    "a last delta that is empty": [ROLE, *WORDS, LAST],
    "a last delta whose content is null": [ROLE, *WORDS, NULL],
    "a chunk with the usage, and no choices": [ROLE, *WORDS, LAST, USAGE],
}


def _text_of(kind: str, chat_text: ChatText) -> None:
    """8.2 for one stream."""
    try:
        found = chat_text(iter(STREAMS[kind]))
    except (KeyError, IndexError, TypeError) as error:
        raise Wrong(f"{type(error).__name__} {error} with {kind}. Ask for what may be "
                    "missing: `.get`, and a look at the list before `[0]`. See "
                    "8.6.") from None
    if found != "The answer is 4.":
        raise Wrong(f"With {kind} the text is {found!r}; expected "
                    "'The answer is 4.'. See 8.6.")


TOKENS = [(0.1 * at, f'{{"token": "w{at} "}}') for at in range(1, 11)]
ERROR = '{"error": {"message": "the engine has died"}}'


def _statuses(bad_from: float = 99.0, until: float = 8.0) -> Statuses:
    times = [0.1 * at for at in range(int(10 * until))]
    return [(at, 503 if at >= bad_from else 200) for at in times]


DEATHS: dict[str, tuple[Seen, Statuses, dict[str, str], str]] = {
    "a run without trouble": (
        [*TOKENS, (1.05, "[DONE]")], _statuses(),
        {"answer": "complete", "engine": "well", "first": "nobody"},
        "`[DONE]` and no error: whole."),
    "the engine process was killed": (
        [*TOKENS, (1.03, ERROR), (1.03, "[DONE]")], _statuses(1.15),
        {"answer": "half", "engine": "died", "first": "client"},
        "An error event stood before `[DONE]`: the answer is half. /health said 503 "
        "right away."),
    "the engine hung": (
        [*TOKENS, (6.1, ERROR), (6.1, "[DONE]")], _statuses(5.8),
        {"answer": "half", "engine": "hung", "first": "health"},
        "For 4.8 s /health said 200: a hung process still holds its socket, and only "
        "the stall limit told."),
    "the client left": (
        TOKENS[:4], _statuses(),
        {"answer": "half", "engine": "well", "first": "nobody"},
        "Nobody failed here: /health was 200 all the time."),
}


def _death(kind: str, post_mortem: PostMortem) -> None:
    """8.3 for one recorded run."""
    events, health, due, idea = DEATHS[kind]
    found = post_mortem(list(events), list(health))
    for key, expected in due.items():
        if found.get(key) != expected:
            raise Wrong(f"{kind[0].upper()}{kind[1:]}: {key!r} is {expected!r}, you "
                        f"say {found.get(key)!r}. {idea} See 8.5.")


EXERCISES = [
    Exercise("8.1", "One scheduling step", "admit", 8, (
        partial(_fills, [7, 8], [1, 2, 3],
                "One slot is free: do not wait for the others to end."),
        partial(_fills, [3, 4, 5], [], "The oldest joins first: from the front."),
        partial(_fills, [1, 2, 3, 4, 5], [], "As many as there are slots."),
        partial(_fills, [9], [1, 2, 3, 4], "There is no free slot."),
        _for_200_steps,
    ), core=True),
    Exercise("8.2", "Read OpenAI's stream", "chat_text", 6,
             tuple(partial(_text_of, kind) for kind in STREAMS)),
    Exercise("8.3", "Break it: who learned what", "post_mortem", 10,
             tuple(partial(_death, kind) for kind in DEATHS)),
]
