"""The sentences of a lesson that state a fact, and what backs each of them.

`facts_NN.py` lists, for notebook NN, what stands behind its sentences: an assert or an
output of one of its cells, a test of this project, or a page of the standard, of the
documentation or of the source. A sentence is named by a piece of it that stands nowhere
else. Every sentence with a mark of a factual claim must be listed; one that states no
fact is listed with the reason.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

from tests.lessons import statements
from tests.lessons.lesson import PREDICT, TITLE, Cell, Lesson, prose

ROOT = Path(__file__).parents[2]

ASSERT, OUTPUT, TEST, LINK = "assert", "output", "test", "link"
DEFINITION, INSTRUCTION, QUESTION = "definition", "instruction", "question"
ANALOGY, POINTER = "analogy", "pointer"
BACKED = (ASSERT, OUTPUT, TEST, LINK)
EXEMPT = (DEFINITION, INSTRUCTION, QUESTION, ANALOGY, POINTER)

SOURCES = (
    "docs.python.org", "peps.python.org", "www.rfc-editor.org", "html.spec.whatwg.org",
    "asgi.readthedocs.io", "www.uvicorn.org", "uvicorn.dev", "starlette.dev",
    "fastapi.tiangolo.com", "docs.pydantic.dev", "flask.palletsprojects.com",
    "www.python-httpx.org", "docs.pytorch.org", "huggingface.co", "arxiv.org",
    "ipython.readthedocs.io", "ipywidgets.readthedocs.io", "ipykernel.readthedocs.io",
    "jupyter-client.readthedocs.io", "jupyterlab.readthedocs.io", "curl.se",
    "nginx.org", "developer.mozilla.org", "github.com", "www.usenix.org",
)
"""Where a standard, a documentation or a source is at home; no blogs."""

WORDS = (
    r"always|never|only|must|cannot|until|nothing|nobody|none|no one|because|since|same"
    r"|almost|faster|slower|quicker|sooner|at most|at least|at once"
)
TOOLS = (
    r"uvicorn|Flask|FastAPI|Starlette|WSGI|ASGI|HTTP|PyTorch|torch|asyncio|JSON|PEP|RFC"
    r"|transformers|curl|nginx|EventSource|Jupyter|JupyterLab|ipykernel|GIL|standard"
    r"|browser"
)
NUMBER = r"(?<![\w.])\d[\d.,]*"
MARK = re.compile(rf"{NUMBER}|\b(?:{WORDS}|{TOOLS})s?\b", re.IGNORECASE)
"""What a sentence has in it that claims something to be checked."""

REFERENCE = re.compile(
    r"\bnotebooks?\s+\d\d(?:(?:,| and| or)\s+\d\d)*|\b(?:in|of|from|see)\s+\d\.\d\b"
    r"|<summary>\d+\.|^\*\*Next:\*\*.*", re.IGNORECASE
)
"""Numbers of notebooks, of sections, of questions; and what comes next."""

END = re.compile(r"""(?<=[.!?])["'”)*_]*\s+(?=["“(*_`A-Z0-9])""")
ITEM = re.compile(r"\n(?=\s*(?:[-*]|\d+\.)\s)")
MARKER = re.compile(r"^\s*(?:[-*]|\d+\.)\s")


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands behind the sentences in which one of `says` stands.

    where: a cell's id, `tests/…::test_…` or an address; empty for an exemption. by: a
    piece of the assert that is meant, in a cell with several.
    """

    kind: str
    where: str
    says: tuple[str, ...]
    by: str = ""


def asserted(cell: str, *says: str, by: str = "") -> Entry:
    """An assert of that cell would fail if it was false."""
    return Entry(ASSERT, cell, says, by)


def output(cell: str, *says: str) -> Entry:
    """The reader sees it below that cell."""
    return Entry(OUTPUT, cell, says)


def tested(test: str, *says: str) -> Entry:
    """A test of this project would fail if it was false."""
    return Entry(TEST, test, says)


def link(url: str, *says: str) -> Entry:
    """It stands there."""
    return Entry(LINK, url, says)


def exempt(kind: str, *says: str) -> Entry:
    """It states no fact that could be false: see EXEMPT."""
    return Entry(kind, "", says)


def entries(number: str) -> list[Entry] | None:
    """The list of that lesson; None if there is none yet."""
    if not (Path(__file__).parent / f"facts_{number}.py").exists():
        return None
    found: list[Entry] = importlib.import_module(f"tests.lessons.facts_{number}").FACTS
    return found


def sentences(lesson: Lesson) -> list[str]:
    """All sentences of its Markdown but for headings, tables, the title's cell."""
    return [
        sentence
        for section in lesson.sections if section.kind != TITLE
        for cell in section.cells
        for part in cell.paragraphs if not part.startswith("|")
        for item in ITEM.split("\n" + re.sub(r"^#+ .*", "", part, flags=re.MULTILINE))
        for sentence in END.split(" ".join(MARKER.sub("", item).split()))
        if sentence
    ]


def claims(lesson: Lesson) -> Iterator[str]:
    """The sentences with a mark of a factual claim; what is asked claims nothing."""
    for sentence in sentences(lesson):
        text = prose(REFERENCE.sub("", sentence))
        asks = text.rstrip("*_)\"' ").endswith("?") or PREDICT in sentence
        if MARK.search(text) and not asks:
            yield sentence


def unlisted(lesson: Lesson, listed: list[Entry]) -> Iterator[str]:
    """Claims that no entry names."""
    pieces = [piece for entry in listed for piece in entry.says]
    for sentence in claims(lesson):
        if not any(piece in sentence for piece in pieces):
            yield f"not listed: {sentence}"


def wrong_entries(lesson: Lesson, listed: list[Entry]) -> Iterator[str]:
    """Entries whose sentence is gone, or that nothing backs."""
    texts = sentences(lesson)
    for entry in listed:
        for piece in entry.says:
            count = sum(piece in text for text in texts)
            if count != 1:
                yield f"{count} sentences have: {piece}"
        if reason := _wrong_backing(lesson, entry):
            yield f"{reason}: {entry.says[0]}"


def too_many_exempt(listed: list[Entry]) -> bool:
    """Whether more sentences are exempt than backed."""
    exempt = sum(len(entry.says) for entry in listed if entry.kind in EXEMPT)
    return 2 * exempt > sum(len(entry.says) for entry in listed)


def _wrong_backing(lesson: Lesson, entry: Entry) -> str:
    if entry.kind in EXEMPT:
        return ""
    if entry.kind == LINK:
        url = urlparse(entry.where)
        good = url.scheme == "https" and url.hostname in SOURCES and url.path != ""
        return "" if good else f"no https page of a source: {entry.where}"
    if entry.kind == TEST:
        return "" if _is_test(entry.where) else f"no such test: {entry.where}"
    cell = next((each for each in lesson.cells if each.id == entry.where), None)
    if cell is None or not cell.is_run:
        return f"no code cell that a learner runs: {entry.where}"
    if entry.kind == OUTPUT:
        return "" if _shows(cell) else f"shows nothing: {entry.where}"
    found = _asserts(cell)
    fitting = [each for each in found if entry.by in each]
    if len(fitting) == 1 or (fitting and not entry.by and len(found) == 1):
        return ""
    return f"{len(fitting)} asserts with {entry.by!r}, name one: {entry.where}"


def _asserts(cell: Cell) -> list[str]:
    """Its asserts, and what it raises as one, as `ast` writes them."""
    nodes = [node for each in cell.statements for node in ast.walk(each.node)]
    return [ast.unparse(node) for node in nodes if isinstance(node, ast.Assert)]


def _shows(cell: Cell) -> bool:
    """Whether it prints, draws, or ends with a value."""
    nodes = [each.node for each in cell.statements]
    says = ("print", "display", "interact", "catch_up", "doctor")
    if any(statements.calls(node, name) for node in nodes for name in says):
        return True
    return bool(nodes) and isinstance(nodes[-1], ast.Expr)


def _is_test(where: str) -> bool:
    path, _, name = where.partition("::")
    file = ROOT / path
    if not path.startswith("tests/") or not file.is_file():
        return False
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
               and node.name == name for node in tree.body)
