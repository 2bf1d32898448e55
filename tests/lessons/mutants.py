"""Plausible bugs of the library, each to be caught by an assert of a lesson."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """The library with `old` replaced by `new` in the file at `path`.

    name: what is broken. section: the one whose asserts must notice when it runs alone.
    """

    name: str
    path: str
    old: str
    new: str
    section: str
