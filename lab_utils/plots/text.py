"""What is written in a picture: numbers, waits, safe characters, and how wide it is."""

from html import escape

TEXT, SMALL = 17, 16
"""The sizes of most text, in pixels; a projector needs no smaller ones."""

WIDTHS = {"mono": 0.61, "bold": 0.62, "": 0.56}
"""Of a letter, in parts of its size: those of DejaVu, the widest font of the list."""


def number(value: float) -> str:
    """As many digits as a reader needs: 1 240, 62, 4.1, 0.35."""
    if value == 0 or abs(value) >= 20:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{round(value, 1):g}" if abs(value) >= 2 else f"{value:.2g}"


def milliseconds(value: float | None) -> str:
    """A wait in the unit that suits it: 350 ms, 24.0 s; an en dash if there is none."""
    if value is None:
        return "–"
    return f"{number(value)} ms" if value < 2_000 else f"{value / 1e3:.1f} s"


def seconds(value: float | None) -> str:
    """A wait that is given in seconds, written as `milliseconds` does."""
    return milliseconds(None if value is None else 1e3 * value)


def visible(text: str) -> str:
    """`text` with signs in place of control characters, which no XML may contain."""
    return "".join(
        character if character.isprintable() or character == "\u202f"
        else chr(0x2400 + ord(character)) if ord(character) < 32 else "\ufffd"
        for character in text
    )


def safe(text: str) -> str:
    """`text` to be put into SVG or HTML: no markup, its control characters visible."""
    return escape(visible(text))


def width_of(text: str, kind: str = "", size: float = TEXT) -> float:
    """About how many pixels `text` takes; kind: as a mark's, "bold" or "mono" count."""
    letter = next(each for name, each in WIDTHS.items() if name in kind)
    return len(text) * letter * size
