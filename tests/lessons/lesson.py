"""A lesson as data: its sections, what a learner reads, runs, guesses and answers."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.lessons import statements

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
STEMS = sorted(path.stem for path in NOTEBOOKS.glob("[0-9][0-9]-*.ipynb"))
NUMBERS = [stem[:2] for stem in STEMS]
LESSONS = [number for number in NUMBERS if number > "00"]
"""Those that teach; 00 shows the way, is read from its start and has no catch-up."""

CORE, SIDE, SUMMARY, TITLE, OTHER = "core", "side path", "summary", "title", "other"
HEADING = re.compile(
    r"## (?:(?P<number>\d+\.\d+) (?P<core>.+) · core, (?P<m1>\d+) minutes?"
    r"|Side path: (?P<side>.+) · (?P<m2>\d+) minutes?"
    r"|Summary · (?P<m3>\d+) minutes?)"
)
PREDICT = "**Predict:**"
CODE_BLOCK = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.DOTALL | re.MULTILINE)
TAG = re.compile(r"<!--.*?-->|<svg\b.*?</svg>|</?[a-zA-Z][^<>]*>", re.DOTALL)


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook; `index` counts from 0, as in the file."""

    index: int
    source: str
    is_code: bool
    tags: tuple[str, ...] = ()
    is_folded: bool = False
    id: str = ""

    @property
    def is_catch_up(self) -> bool:
        """Whether it is the folded cell by which a section starts alone."""
        return "catch-up" in self.tags

    @property
    def is_solution(self) -> bool:
        """Whether it is a folded solution, run by everybody and read by few."""
        return "solution" in self.tags

    @property
    def is_turn(self) -> bool:
        """Whether it has gaps that the learner fills."""
        return "your-turn" in self.tags

    @property
    def is_run(self) -> bool:
        """Whether a learner who comes from the section before reads and runs it."""
        return self.is_code and not self.is_catch_up

    @cached_property
    def statements(self) -> list[statements.Statement]:
        """Its top-level statements, if it is code."""
        nodes = statements.parse(self.source) if self.is_code else []
        return [statements.Statement(node, at) for at, node in enumerate(nodes)]

    @property
    def lines(self) -> list[str]:
        """Its lines, without empty ones."""
        return [line for line in self.source.splitlines() if line.strip()]

    @cached_property
    def paragraphs(self) -> list[str]:
        """The Markdown source without blocks of code, cut at empty lines."""
        text = "" if self.is_code else CODE_BLOCK.sub("", self.source)
        return [part for part in re.split(r"\n\s*\n", text) if part.strip()]

    @cached_property
    def prose(self) -> str:
        """What is read as text; `…` stands for code inside of a sentence."""
        return "\n\n".join(prose(part) for part in self.paragraphs)

    @property
    def words(self) -> int:
        """How many words the prose has."""
        return count_words(self.prose)

    @property
    def announced(self) -> int:
        """How many things the text asks to predict."""
        return sum(PREDICT in part for part in self.paragraphs)

    @cached_property
    def boxes(self) -> int:
        """How many `predict(…)` it calls."""
        if not self.is_run or "predict" not in self.source:
            return 0
        tree = statements.parse(self.source)
        return sum(statements.calls(node, "predict") for node in tree)

    @property
    def questions(self) -> int:
        """How many answers are folded below a question; a still is no answer."""
        return 0 if self.is_code else self.source.count("<details>")

    def __str__(self) -> str:
        first = self.lines[0] if self.lines else "(empty)"
        return f"cell {self.index} ({first[:50]})"


@dataclass(frozen=True)
class Section:
    """The cells from one `##` heading to the next."""

    heading: str
    cells: tuple[Cell, ...]

    @property
    def kind(self) -> str:
        """CORE, SIDE, SUMMARY, TITLE, or OTHER for a heading of no agreed form."""
        if self.heading.startswith("# "):
            return TITLE
        match = HEADING.fullmatch(self.heading)
        if match is None:
            return OTHER
        return CORE if match["core"] else SIDE if match["side"] else SUMMARY

    @property
    def number(self) -> str:
        """Such as `2.3`; empty for what has none."""
        match = HEADING.fullmatch(self.heading)
        return (match and match["number"]) or ""

    @property
    def name(self) -> str:
        """Such as `2.3`, `Side path: lifespan` or `Summary`."""
        return self.number or self.heading.lstrip("# ").split(" · ")[0]

    @property
    def minutes(self) -> int:
        """As the heading states them; 0 where it does not."""
        match = HEADING.fullmatch(self.heading)
        return int((match and (match["m1"] or match["m2"] or match["m3"])) or 0)

    @property
    def catch_up(self) -> Cell | None:
        """The cell that makes up for all sections before, if it has one."""
        return next((cell for cell in self.cells if cell.is_catch_up), None)

    @property
    def code(self) -> list[Cell]:
        """What to run, in order, so that it runs alone."""
        first = [self.catch_up] if self.catch_up else []
        return first + [cell for cell in self.cells if cell.is_run]

    @property
    def needs(self) -> set[str]:
        """The names that its cells take from the sections before."""
        return statements.missing(
            statement
            for cell in self.cells if cell.is_run
            for statement in cell.statements
        )

    @property
    def prose(self) -> str:
        """The text of all its cells."""
        return "\n\n".join(cell.prose for cell in self.cells if not cell.is_code)

    @property
    def source(self) -> str:
        """The Markdown of all its cells, without blocks of code."""
        return "\n\n".join(part for cell in self.cells for part in cell.paragraphs)

    @property
    def words(self) -> int:
        """How many words there are to read."""
        return sum(cell.words for cell in self.cells)

    @property
    def code_lines(self) -> int:
        """How many lines of code there are to read."""
        return sum(len(cell.lines) for cell in self.cells if cell.is_run)

    @property
    def predictions(self) -> int:
        """How many things there are to guess: a paragraph and its box count once."""
        return sum(count for _, count in self.guesses())

    @property
    def questions(self) -> int:
        """How many questions there are to answer."""
        return sum(cell.questions for cell in self.cells)

    def guesses(self) -> Iterator[tuple[Cell, int]]:
        """Its cells, each with the things to guess that begin there."""
        asked = 0
        for cell in self.cells:
            if cell.is_run:
                yield cell, max(cell.boxes - asked, 0)
                asked = 0
            else:
                asked += cell.announced
                yield cell, cell.announced


class Lesson:
    """The notebook whose file name begins with `number`.

    Raises LookupError when there is none.
    """

    def __init__(self, number: str, folder: Path = NOTEBOOKS) -> None:
        found = sorted(folder.glob(f"{number}-*.ipynb"))
        if len(found) != 1:
            raise LookupError(f"{len(found)} notebooks {number}-*.ipynb in {folder}")
        self.number = number
        self.path = found[0]
        notebook = json.loads(self.path.read_text(encoding="utf-8"))
        self.cells = [_cell(i, cell) for i, cell in enumerate(notebook["cells"])]
        self.sections = list(_sections(self.cells))
        self.title = self.sections[0].heading.removeprefix("# ")

    def section(self, name: str) -> Section:
        """The section with that number, or whose heading begins so."""
        for section in self.sections:
            if name == section.number or section.name.startswith(name):
                return section
        raise LookupError(f"{self.path.name} has no section {name!r}")

    def of_kind(self, *kinds: str) -> list[Section]:
        """The sections of these kinds, in order."""
        return [section for section in self.sections if section.kind in kinds]

    @property
    def code(self) -> list[Cell]:
        """All code cells, in order."""
        return [cell for cell in self.cells if cell.is_code]

    def define(self, *names: str) -> dict[str, Any]:
        """The namespace after the statements that define `names`, and what they need.

        Nothing else is run. A name that is defined again later means the last one.
        """
        found: list[statements.Statement] = []
        for cell in self.code:
            for node in statements.parse(cell.source):
                found.append(statements.Statement(node, len(found), cell.is_catch_up))
        return statements.execute(statements.needed(found, names))


def prose(markdown: str) -> str:
    """A paragraph as read: no headings, addresses, pictures, tags; code is `…`."""
    markdown = re.sub(r'<details class="still"><summary>.*?</summary>', "", markdown)
    text = re.sub(r"^#{1,6} .*$|^\s*\|?[\s:|-]+\|[\s:|-]*$", "", markdown, flags=re.M)
    text = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "`…`", text, flags=re.DOTALL)
    text = re.sub(r"<code>.*?</code>", "`…`", text, flags=re.DOTALL)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return html.unescape(TAG.sub(" ", text)).replace("|", " ").strip()


def count_words(text: str) -> int:
    """How many words; code inside of a sentence is one."""
    return sum(bool(re.search(r"[\w`]", word)) for word in text.split())


def _cell(index: int, cell: dict[str, Any]) -> Cell:
    metadata = cell["metadata"]
    return Cell(
        index,
        "".join(cell["source"]),
        cell["cell_type"] == "code",
        tuple(metadata.get("tags", ())),
        metadata.get("jupyter", {}).get("source_hidden", False),
        cell.get("id", ""),
    )


def _sections(cells: list[Cell]) -> Iterator[Section]:
    begins = [cell.index for cell in cells if _begins(cell)] + [len(cells)]
    for begin, end in pairwise(begins):
        part = tuple(cells[begin:end])
        yield Section(part[0].lines[0].strip(), part)


def _begins(cell: Cell) -> bool:
    return cell.index == 0 or (not cell.is_code and cell.source.startswith("## "))
