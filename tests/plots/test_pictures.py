"""What holds for every picture of the series; what is special to one is in its file."""

import re
import xml.etree.ElementTree as xml
from itertools import combinations

import pytest

from lab_utils.plots import Picture
from lab_utils.plots.canvas import NARROW, WIDE
from lab_utils.plots.picture import STYLE
from lab_utils.plots.theme import DARK, LIGHT, MARKS
from tests.plots.geometry import SVG, drawn, extents, sheet
from tests.plots.samples import SAMPLES

WIDTHS = [WIDE, NARROW]
HOSTILE = "<img src=x onerror=alert(1)>&\x1b[31m\x00"

every_picture = pytest.mark.parametrize("name", SAMPLES)
both_widths = pytest.mark.parametrize("width", WIDTHS)


def sample(name: str, label: str = "Flask", guessed: bool = True) -> Picture:
    return SAMPLES[name].make(label, guessed)


@every_picture
@both_widths
def test_it_is_drawn_at_both_widths_with_and_without_a_guess(
    name: str, width: int
) -> None:
    for guessed in (True, False):
        drawing = drawn(sample(name, guessed=guessed), width)
        assert sheet(drawing)[0] == width
        assert sheet(drawing)[1] > 100


@every_picture
@both_widths
@pytest.mark.parametrize("label", ["A", "BackgroundServer"])
def test_its_words_are_on_the_sheet_and_apart_from_each_other(
    name: str, width: int, label: str
) -> None:
    for guessed in (True, False):
        drawing = drawn(sample(name, label, guessed), width)
        room, height = sheet(drawing)
        found = list(extents(drawing))
        assert found
        outside = [each for each in found if each.left < -1 or each.right > room + 1
                   or each.top < 0 or each.bottom > height]
        assert not outside
        assert not [pair for pair in combinations(found, 2) if pair[0].meets(pair[1])]


@every_picture
@both_widths
def test_its_marks_are_on_the_sheet(name: str, width: int) -> None:
    drawing = drawn(sample(name), width)
    room, height = sheet(drawing)
    places = [
        (float(x), float(y)) for path in drawing.iter(f"{SVG}path")
        for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path.attrib["d"])
    ]
    for box in drawing.iter(f"{SVG}rect"):
        x, y, wide, high = (float(box.attrib[key]) for key in
                            ("x", "y", "width", "height"))
        places += [(x, y), (x + wide, y + high)]
    assert places
    assert all(-1 <= x <= room + 1 and 0 <= y <= height for x, y in places)


@every_picture
@both_widths
def test_its_words_are_no_smaller_than_a_projector_needs(name: str, width: int) -> None:
    drawing = drawn(sample(name), width)
    sizes = {float(node.attrib["font-size"]) for node in drawing.iter(f"{SVG}text")}
    assert min(sizes) >= 16


@every_picture
def test_what_others_wrote_is_text_and_never_markup(name: str) -> None:
    picture = sample(name, HOSTILE)
    for page in (picture.html(), picture.svg()):
        assert "<img" not in page
        assert "\x1b" not in page and "\x00" not in page
    xml.fromstring(picture.svg())


@every_picture
@both_widths
def test_a_guess_is_a_diamond_that_the_legend_names(name: str, width: int) -> None:
    guessed, without = (
        sample(name, guessed=guessed).inline(width) for guessed in (True, False)
    )
    assert guessed.count('class="guess"') >= 2, "one of them is the legend's"
    assert "your guess" in guessed
    assert 'class="guess"' not in without and "your guess" not in without


@every_picture
def test_it_is_told_in_a_sentence_and_as_a_table(name: str) -> None:
    picture, expected = sample(name), SAMPLES[name]
    assert picture.title
    for figure in expected.says:
        assert figure in picture.description
    head, *rows = picture.table
    assert rows and all(len(row) == len(head) for row in rows)
    cells = {cell for row in picture.table for cell in row}
    assert set(expected.lists) <= cells


@every_picture
def test_who_cannot_see_it_is_told_by_every_form_of_it(name: str) -> None:
    picture = sample(name)
    root = xml.fromstring(picture.svg())
    told = [root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc")]
    assert root.attrib["role"] == "img"
    assert told == [picture.title, picture.description]
    bundle = picture._repr_mimebundle_()
    assert bundle["text/plain"] == f"{picture.title}: {picture.description}"
    assert "as a table" in bundle["text/html"]


@every_picture
def test_all_marks_have_a_colour_of_the_theme(name: str) -> None:
    kinds = {kind for node in drawn(sample(name), WIDE).iter()
             for kind in node.attrib.get("class", "").split()}
    known = set(re.findall(r"\.([a-z]+)", MARKS))
    assert kinds <= known


def test_light_and_dark_have_the_same_colours_and_every_one_is_used() -> None:
    assert LIGHT.keys() == DARK.keys()
    assert set(re.findall(r"var\(--lab-([a-z]+)\)", MARKS)) == LIGHT.keys()
    assert all(colour in STYLE for colour in (*LIGHT.values(), *DARK.values()))


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("word", ["ink", "soft", "first", "late", "token", "alive"])
def test_words_stand_out_from_the_paper(theme: dict[str, str], word: str) -> None:
    dark, light = sorted((luminance(theme[word]), luminance(theme["paper"])))
    # Bold words in a mark's colour are large text to WCAG 2.2, 1.4.3.
    wanted = 4.5 if word in ("ink", "soft") else 3.0
    assert (light + 0.05) / (dark + 0.05) >= wanted


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2, from "#rrggbb"."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4
        for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
