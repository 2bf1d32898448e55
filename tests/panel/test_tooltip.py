"""The words of a box, in both spellings of ipywidgets."""

from ipywidgets import Text, Widget
from traitlets import Unicode

from lab_utils.panel.tooltip import named


class AsIn7(Widget):  # type: ignore[misc]
    """A box of ipywidgets 7."""

    description_tooltip = Unicode()


class AsIn8(Widget):  # type: ignore[misc]
    """A box of ipywidgets 8, which keeps the old name as a deprecated one."""

    tooltip = Unicode()


def test_a_box_is_named_in_the_spelling_that_it_has() -> None:
    assert named(AsIn7(), "speed").description_tooltip == "speed"
    assert named(AsIn8(), "speed").tooltip == "speed"


def test_a_real_box_tells_the_browser_its_name() -> None:
    state = named(Text("x"), "prompt").get_state()
    assert "prompt" in (state.get("tooltip"), state.get("description_tooltip"))
