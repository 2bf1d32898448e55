"""What each byte of an event stream is, and how it is shown."""

import re

FIELD = re.compile(rb"(?:data|event|id|retry)(?:: ?|$)")
LINE = re.compile(rb"(?=.)([^\r\n]*)(\r\n|\r|\n|$)", re.DOTALL)
SIGNS = {"\r\n": "↵", "\n": "↵", "\r": "←"}


def parts(stream: bytes) -> list[str]:
    """What each byte of `stream` is part of: "name", "payload", "line" (the end of a
    line), "blank" (the blank line that ends an event) or "ignored"."""
    kinds: list[str] = []
    filled = False
    for line in LINE.finditer(stream):
        text, end = line.groups()
        field = FIELD.match(text)
        kinds += ["name"] * (field.end() if field else 0)
        kinds += ["payload" if field else "ignored"] * (line.end(1) - len(kinds))
        if not text and filled:  # the line end in front of it is shown as part of it
            kinds[-1] = "blank"
        filled = bool(text)
        kinds += ["line" if text else "blank"] * len(end)
    return kinds


def signs(stream: bytes) -> list[tuple[str, int]]:
    """The characters of `stream`, each with the number of its bytes."""
    text = stream.decode(errors="surrogateescape")
    return [
        ("�", 1) if "\udc80" <= sign <= "\udcff"
        else (SIGNS.get(sign, sign), len(sign.encode()))
        for sign in re.findall("\r\n|.", text, re.DOTALL)
    ]
