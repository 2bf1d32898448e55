"""The terms of the series, as the glossary page lists them."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.lessons.lesson import NOTEBOOKS

PAGE = NOTEBOOKS / "glossary.md"
ROW = re.compile(
    r"\| (?P<name>[^|]+) \| (?P<meaning>[^|]+) "
    r"\| \[(?P<lesson>\d\d), (?P<section>[^]|]+)\]\((?P<file>[^)|]+)\) \|"
)


@dataclass(frozen=True, slots=True)
class Term:
    """A word, such as `time to first token (TTFT)`, and where it is defined."""

    name: str
    meaning: str
    lesson: str
    section: str
    file: str

    @property
    def is_code(self) -> bool:
        """Whether it is a name in Python, such as `send`; the word is everybody's."""
        return self.name.startswith("`")

    def pattern(self) -> re.Pattern[str]:
        """Finds it, or its abbreviation, as a word: any case, plural, across lines."""
        names = re.fullmatch(r"(.+?)(?: \((.+)\))?", self.name.replace("`", ""))
        assert names is not None
        either = "|".join(_inflected(name) for name in names.groups() if name)
        return re.compile(rf"(?<![\w-])(?:{either})(?![\w-])", re.IGNORECASE)

    def definition(self, markdown: str) -> re.Match[str] | None:
        """Where it first stands in bold, as it does where it is defined."""
        for bold in re.finditer(r"\*\*(.+?)\*\*", markdown, re.DOTALL):
            if self.pattern().fullmatch(bold[1].strip(".,:;` ")):
                return bold
        return None


@cache
def terms(page: Path = PAGE) -> tuple[Term, ...]:
    """The rows of the table, in order. ValueError for one that is no such row."""
    lines = page.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("|")][2:]
    matches = [(row, ROW.fullmatch(row)) for row in rows]
    bad = [row for row, match in matches if match is None]
    if bad:
        raise ValueError(f"not `| term | meaning | [NN, N.N](file) |`: {bad}")
    return tuple(Term(**match.groupdict()) for _, match in matches if match)


def _inflected(name: str) -> str:
    words = r"\s+".join(re.escape(word) for word in name.split())
    singular = words[:-1] + "(?:y|ie)" if words.endswith("y") else words
    return rf"{singular}(?:s|es)?"
