"""A place to put a guess before a cell runs; the figure that follows shows it."""

import json
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from IPython.display import display
from ipywidgets import HTML, FloatText, HBox

from lab_utils.address import Address, room_url
from lab_utils.panel.tooltip import named
from lab_utils.plots.guess import Guess
from lab_utils.plots.text import TEXT, safe
from lab_utils.whole_file import write_json

FILE = Path("guesses.json")
"""Beside the notebook: what was guessed survives a restart of the kernel."""

ROOM = "/guesses"
"""Where a server that the room shares counts guesses."""

TELL_S = 2.0


def predict(question: str, *, unit: str = "ms", value: float) -> Guess:
    """Ask the reader to guess, and return the guess; its `value` follows the box.

    unit: written behind the box; a guess in "ms" or "s" can stand on a time axis.
    value: what is in the box until the reader changes it, so that a notebook runs
    unattended too. A guess that was changed is kept in `guesses.json`, until `value` is
    changed in the cell, and told to the server in `LAB_URL`, if there is one, for the
    room's page.
    """
    name = f"{question} ({value:g})"
    guess = Guess(question, kept().get(name, value), unit)
    box = named(FloatText(value=guess.value, layout={"width": "110px"}), question)

    def changed(change: dict[str, Any]) -> None:
        guess.value = change["new"]
        keep(name, guess.value)
        tell_room(guess)

    box.observe(changed, "value")
    asked = words(f"◇ <b>{safe(question)}</b>")
    display(HBox([asked, box, HTML(safe(unit))], layout={"flex_flow": "wrap"}))
    return guess


def words(html: str) -> HTML:
    """Words beside a box, as large as those of a picture."""
    return HTML(f'<span style="font-size:{TEXT}px">{html}</span>')


def kept() -> dict[str, float]:
    """What earlier runs of this folder's notebooks were told; nothing if unreadable."""
    with suppress(OSError, ValueError):
        kept = json.loads(FILE.read_text(encoding="utf-8"))
        return {name: float(value) for name, value in kept.items()}
    return {}


def keep(name: str, value: float) -> None:
    """Write a guess where `kept` finds it; one of the same name is replaced."""
    with suppress(OSError):  # a folder that cannot be written keeps no guesses
        write_json({**kept(), name: value}, FILE)


def tell_room(guess: Guess) -> None:
    """Tell the room's server of `guess`, in a thread: nobody waits for it."""
    if url := room_url():
        threading.Thread(
            target=_tell, args=(Address(url), guess), name="lab-guess", daemon=True
        ).start()


def _tell(server: Address, guess: Guess) -> None:
    body = {"question": guess.question, "value": guess.value, "unit": guess.unit}
    with suppress(httpx.HTTPError):  # a guess counts here also where no page counts it
        httpx.post(f"{server.root}{ROOM}", json=body, headers=server.headers,
                   timeout=TELL_S, trust_env=False)
