"""Exercises for notebook 06: three numbers, ten frames a second, six illnesses."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from lab_utils.exercises.exercise import Exercise, Wrong
from lab_utils.lessons.n06_checks import CASES
from lab_utils.lessons.your_turn import Case
from lab_utils.timeline import Timeline

Timings = Callable[[float, list[float]], Mapping[str, float | None]]
Events = list[tuple[float, str]]
Frames = Callable[[Events, float], Events]
Diagnose = Callable[[Timeline], str]

HZ = 10.0
CLOSE = 1e-6


def _said(timings: Timings, sent: float, arrivals: Sequence[float]) -> dict[str, Any]:
    try:
        return dict(timings(sent, list(arrivals)))
    except (ZeroDivisionError, IndexError, ValueError) as error:
        raise Wrong(f"{len(arrivals)} tokens: {error!r}. One token has no gap, and no "
                    "token has no time: None there, and no crash. See 6.1.") from None


def _number(
    name: str, due: float | None, idea: str, timings: Timings
) -> None:
    found = _said(timings, 10.0, [10.35, 10.40, 10.45, 10.50, 10.80]).get(name)
    if found is None or due is None or abs(found - due) > CLOSE * max(due, 1):
        raise Wrong(f"Sent at 10.00, tokens at 10.35, 10.40, 10.45, 10.50, 10.80: "
                    f"{name} is {due:g}, and you say {_short(found)}. {idea} See 6.1.")


def _short(found: object) -> str:
    return f"{found:g}" if isinstance(found, float) else repr(found)


def _few_tokens(timings: Timings) -> None:
    none = {"ttft_ms": None, "gap_ms_median": None, "tokens_per_s": None}
    found = _said(timings, 0.0, [])
    if found != none:
        raise Wrong(f"No token at all: expected None for all three, got {found}.")
    one = _said(timings, 0.0, [0.5])
    if one != none | {"ttft_ms": 500.0}:
        raise Wrong(f"One token: it has a time, and no gap; got {one}. See 6.1.")


def _events(words: int, seconds: float) -> Events:
    return [(seconds * at / words, f"w{at} ") for at in range(words)]


def _not_too_many(frames: Frames) -> None:
    drawn = frames(_events(200, 1.0), HZ)
    if len(drawn) > HZ + 2:
        raise Wrong(f"{len(drawn)} drawings in 1 s of 200 tokens; expected about "
                    f"{HZ:g}. The browser would be your slowest server. See the side "
                    "path of 06.")
    gaps = [after - before for (before, _), (after, _) in pairwise(drawn[:-1])]
    if gaps and min(gaps) < 1 / HZ - CLOSE:
        raise Wrong(f"Two drawings came {1e3 * min(gaps):.0f} ms after each other; at "
                    f"{HZ:g} per second it is {1e3 / HZ:.0f} ms at least.")


def _no_word_is_missing(frames: Frames) -> None:
    for words in (200, 3):
        events = _events(words, 1.0)
        drawn, whole = frames(events, HZ), "".join(text for _, text in events)
        last = drawn[-1][1] if drawn else ""
        if last != whole:
            behind = len(whole.split()) - len(last.split())
            raise Wrong(f"{words} tokens: the last drawing has {behind} words less "
                        "than the answer. Each drawing shows *all* text so far; skip "
                        "drawings, never tokens, and draw the end.")


def _shows_what_was_there(frames: Frames) -> None:
    events = _events(50, 1.0)
    for at, text in frames(events, HZ):
        there = "".join(word for when, word in events if when <= at + CLOSE)
        if text != there:
            raise Wrong(f"At {at:.2f} s you show {len(text.split())} words, and "
                        f"{len(there.split())} had come. A drawing shows what is there "
                        "at its moment.")


def _nothing_to_draw(frames: Frames) -> None:
    found = list(frames([], HZ))
    if found:
        raise Wrong(f"No token, and you draw {found}.")


def _patient(case: Case, diagnose: Diagnose) -> None:
    """6.3 for one illness, at a quick and at a slow pace."""
    quick, slow = (diagnose(case.given.run(pace)) for pace in (0.002, 1.0))
    if quick != slow:
        raise Wrong(f"The same illness is {quick!r} with a quick model and {slow!r} "
                    "with a slow one. Compare with the whole run's time, not with a "
                    "number of milliseconds. See 6.7.")
    if quick != case.expected:
        raise Wrong(f"You say {quick!r}; it is {case.expected!r}. {case.idea} See 6.7.")


EXERCISES = [
    Exercise("6.1", "The arithmetic", "timings", 6, (
        partial(_number, "ttft_ms", 350.0,
                "From sending to the first token, in milliseconds."),
        partial(_number, "gap_ms_median", 50.0,
                "The median of the four gaps, in milliseconds."),
        partial(_number, "tokens_per_s", 4 / 0.45,
                "The first token is prefill: n - 1 gaps between first and last."),
        _few_tokens,
    )),
    Exercise("6.2", "Ten frames a second", "frames", 8, (
        _not_too_many, _no_word_is_missing, _shows_what_was_there, _nothing_to_draw,
    )),
    Exercise("6.3", "Break it: name the illness", "diagnose", 12,
             tuple(partial(_patient, case) for case in CASES), core=True),
]
