"""What is said of a submission, without what differs from one run to the next."""

import re

CHANGING = [
    (r"\bport \d+", "port …"),
    (r"(127\.0\.0\.1(?::|', ))\d+", r"\1…"),
    (r"\b0x[0-9a-fA-F]+", "0x…"),
    (r"\b(Thread|Task)-\d+", r"\1-…"),
    (r"[^\s'\"]*lab-class-[\w]+", "…"),
    (r"\bmissed \d+ of", "missed … of"),
    (r"\bbeat \d+ times", "beat … times"),
    (r"\bhad \d+ turns", "had … turns"),
    (r"\bwaiting for \d+ s", "waiting for … s"),
    (r"\b\d+ of your \d+ samples", "… of your … samples"),
    (r"(\byour |^)\d+ samples", r"\1… samples"),
]
"""Ports, addresses, our folders, and what exercises measure."""

NUMBER = re.compile(r"(?<![\w.])(?<!See )(?<! and )(?<!esson )\d+(\.\d+)?(?![\w])")


def steady(message: str) -> str:
    """`message`, the same for the same submission: what was measured is a `…`. Half a
    character becomes an escape, so that every file can hold it."""
    for pattern, instead in CHANGING:
        message = re.sub(pattern, instead, message)
    return message.encode("utf-8", "backslashreplace").decode("utf-8")


def grouped(message: str) -> str:
    """`message` without its numbers, so that those of one kind are equal. Where to look
    (See 2.5) stays."""
    return NUMBER.sub("…", message)
