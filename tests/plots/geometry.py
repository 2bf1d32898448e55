"""Where things stand in a drawing, in its own pixels."""

import xml.etree.ElementTree as xml
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from lab_utils.plots import Picture

SVG = "{http://www.w3.org/2000/svg}"
ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}


def drawn(picture: Picture, width: int) -> xml.Element:
    """The drawing of that width; raises ParseError for what is no XML."""
    return xml.fromstring(picture.inline(width))


def sheet(drawing: xml.Element) -> tuple[float, float]:
    """Its width and height."""
    _, _, width, height = map(float, drawing.attrib["viewBox"].split())
    return width, height


def count(drawing: xml.Element, kind: str) -> int:
    """How many marks are of exactly that kind; each line of a path is one."""
    found = [node for node in drawing.iter() if node.get("class") == kind]
    return sum(max(1, node.get("d", "").count("M")) for node in found)


def words(drawing: xml.Element) -> str:
    """All text that a person sees."""
    return " ".join(node.text or "" for node in drawing.iter(f"{SVG}text"))


class Extent(NamedTuple):
    """Where text stands."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Extent") -> bool:
        """Whether they stand on each other."""
        return (self.left < other.right and other.left < self.right
                and self.top < other.bottom and other.top < self.bottom)


def extents(drawing: xml.Element) -> Iterator[Extent]:
    """Where each text stands in DejaVu, the widest font of the style sheet's list."""
    for node in drawing.iter(f"{SVG}text"):
        text, kind = node.text or "", node.attrib["class"].split()
        size, x, y = (float(node.attrib[name]) for name in ("font-size", "x", "y"))
        if text.strip():
            family = "DejaVu Sans Mono" if "mono" in kind else "DejaVu Sans"
            weight = "bold" if "bold" in kind else "normal"
            width = size * advance(text, family, weight)
            left = x - width * ANCHORS[node.attrib["text-anchor"]]
            yield Extent(text, left, y - 0.7 * size, left + width, y)


@cache
def advance(text: str, family: str, weight: str) -> float:
    """How wide it is at a size of 1."""
    font: Any = FontProperties(family=family, weight=weight)
    return float(TextPath((0, 0), text, size=100, prop=font).get_extents().x1) / 100
