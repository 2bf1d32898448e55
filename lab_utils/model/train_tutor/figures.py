"""Figures of an evaluation and how they are printed."""

from typing import NamedTuple


class Figure(NamedTuple):
    """One line of the result: what was asked, how many times, how many were right."""

    name: str
    asked: int
    right: int

    @property
    def share(self) -> float:
        """The share of right answers."""
        return self.right / self.asked


def table(figures: list[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| what | asked | right | share |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {f.name} | {f.asked} | {f.right} | {f.share:.1%} |" for f in figures]
    return "\n".join(lines)
