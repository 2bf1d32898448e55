"""The words of a box, in both spellings of ipywidgets."""

from typing import Any

import pytest
from ipywidgets import Text

from lab_utils.panel.tooltip import named


class Box:
    """A box of one version of ipywidgets: it has one of the two traits."""

    def __init__(self, trait: str) -> None:
        self.trait = trait

    def has_trait(self, name: str) -> bool:
        """As every widget says it."""
        return name == self.trait


@pytest.mark.parametrize("trait", ["tooltip", "description_tooltip"])
def test_a_box_is_named_in_the_spelling_that_it_has(trait: str) -> None:
    box: Any = Box(trait)
    assert named(box, "speed") is box
    assert vars(box) == {"trait": trait, trait: "speed"}


def test_a_real_box_tells_the_browser_its_name() -> None:
    state = named(Text("x"), "prompt").get_state()
    assert "prompt" in (state.get("tooltip"), state.get("description_tooltip"))
