"""What a box without a label of its own is called, for who hovers or cannot see it."""

from typing import TypeVar

from ipywidgets import Widget

Box = TypeVar("Box", bound=Widget)


def named(box: Box, words: str) -> Box:
    """`box`, with `words` shown on hover and read out by a screen reader.

    ipywidgets 8 calls the trait `tooltip`; 7 has it for buttons only, and
    `description_tooltip` for boxes.
    """
    name = "tooltip" if box.has_trait("tooltip") else "description_tooltip"
    setattr(box, name, words)
    return box
