"""The one shape all generated text has: a question and its answer."""

from typing import NamedTuple


class Pair(NamedTuple):
    """One question with the answer the model is to learn.

    `kind` names the family ("sum", "term", "talk", "story") for the loss report.
    """

    question: str
    answer: str
    kind: str
