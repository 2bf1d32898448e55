"""A panel's widgets, found as a reader finds them: by kind and by what they say."""

from collections.abc import Iterator
from typing import Any, TypeVar

from ipywidgets import HTML, Widget

Kind = TypeVar("Kind", bound=Widget)


def found(panel: Any, kind: type[Kind], says: str = "") -> Kind:
    """The only widget of `kind` on the page of `panel`, or the one that says `says`."""
    every = [each for each in _below(panel.widget) if isinstance(each, kind)]
    (one,) = [each for each in every if says in getattr(each, "description", "")]
    return one


def body(panel: Any) -> str:
    """The HTML that is drawn beneath its controls."""
    return str(_html(panel)[0].value)


def speech(panel: Any) -> HTML:
    """What a screen reader is told."""
    return _html(panel)[1]


def _html(panel: Any) -> list[HTML]:
    return [each for each in _below(panel.widget) if isinstance(each, HTML)]


def _below(widget: Widget) -> Iterator[Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _below(child)
