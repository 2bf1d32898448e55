"""For a learner who starts in the middle of a notebook: what its earlier sections made.

`lab_utils.lessons.n01_so_far` and its siblings hold that. A value that must be made
first, such as a server, has a recipe there: a function whose parameters are the names
it is made from, be they the learner's or made here as well.
"""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from types import FunctionType
from typing import Any

from lab_utils import registry
from lab_utils.lessons.your_turn import has_gaps
from lab_utils.panel import LivePanel
from lab_utils.server import BackgroundServer


@dataclass(frozen=True, slots=True)
class made:
    """Marks a function as the recipe for the value of its name."""

    recipe: Callable[..., Any]


def catch_up(namespace: MutableMapping[str, Any], number: str, names: str) -> None:
    """Bind those of `names` that `namespace` lacks; what is there stays as it is.

    namespace: a notebook's `globals()`. number: the notebook's, such as "01". names:
    words with spaces between them. A server that was stopped is started again; a panel
    without its server and a function with gaps are made anew. Prints what it did.

    Raises LookupError for a name that the notebook does not make.
    """
    room = import_module(f"lab_utils.lessons.n{number}_so_far")
    done: list[str] = []

    def get(name: str) -> Any:
        value = namespace.get(name)
        if name in namespace and not _is_spent(value):
            return value
        done.append(name)
        if isinstance(value, BackgroundServer):
            return value.start()
        namespace[name] = value = _from(room, name, get)
        return value

    for name in names.split():
        get(name)
    print("catch up:", f"made {', '.join(done)}" if done else "you have all you need")


def _from(room: Any, name: str, get: Callable[[str], Any]) -> Any:
    if not hasattr(room, name):
        raise LookupError(f"{room.__name__} does not say how {name!r} is made.")
    value = getattr(room, name)
    if isinstance(value, made):
        return value.recipe(*map(get, signature(value.recipe).parameters))
    return value


def _is_spent(value: Any) -> bool:
    """Whether it is a server that does not run, a panel without its server, or a
    function whose gaps nobody has filled."""
    if isinstance(value, BackgroundServer):
        return not value.is_running
    if isinstance(value, LivePanel):
        servers = [each for each in registry.running()
                   if isinstance(each, BackgroundServer)]
        return value.url not in [server.url for server in servers]
    return isinstance(value, FunctionType) and has_gaps(value)
