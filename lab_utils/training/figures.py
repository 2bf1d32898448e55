"""Figures of an evaluation and how they are printed."""

from typing import NamedTuple


class Way(NamedTuple):
    """How prompts reach the model and how tokens are drawn (0 is greedy)."""

    form: str
    temperature: float

    def __str__(self) -> str:
        """The head of this way's column."""
        drawn = f"at {self.temperature:g}" if self.temperature else "greedy"
        return f"{self.form}, {drawn}"


class Figure(NamedTuple):
    """What was asked in which way, how many times, and how many were right."""

    name: str
    way: Way
    asked: int
    right: int

    @property
    def share(self) -> float:
        """The share of right answers."""
        return self.right / self.asked


def _row(name: str, figures: list[Figure]) -> str:
    """One line of the table: every way of asking for the same thing."""
    shares = " | ".join(f"{figure.share:.1%}" for figure in figures)
    return f"| {name} | {figures[0].asked} | {shares} |"


def table(figures: list[Figure]) -> str:
    """The figures as a Markdown table: a row for each name, a column for each way."""
    ways = list(dict.fromkeys(figure.way for figure in figures))
    names = dict.fromkeys(figure.name for figure in figures)
    head = f"| what | asked | {' | '.join(map(str, ways))} |"
    rule = "| --- | ---: |" + " ---: |" * len(ways)
    rows = [_row(name, [f for f in figures if f.name == name]) for name in names]
    return "\n".join([head, rule, *rows])
