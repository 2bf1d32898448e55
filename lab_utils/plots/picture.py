"""A finished picture: drawn wide and narrow, light and dark, and as a table."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lab_utils.plots.canvas import NARROW, WIDE, Canvas
from lab_utils.plots.text import safe
from lab_utils.plots.theme import DARK, LIGHT, MARKS, variables

STYLE = f"""<style>
.lab-picture{{{variables(LIGHT, themed=True)}
container-type:inline-size;max-width:1180px;
color:var(--lab-ink);font-size:17px;line-height:1.4}}
[data-jp-theme-light="false"] .lab-picture,.vscode-dark .lab-picture{{
{variables(DARK, themed=True)}}}
.lab-picture svg{{display:block;width:100%;height:auto}}
.lab-picture .narrow{{display:none}}
@container (max-width:699px){{.lab-picture .wide{{display:none}}
.lab-picture .narrow{{display:block}}}}
.lab-picture details{{font-size:16px;color:var(--lab-soft);margin:2px 0}}
.lab-picture summary{{cursor:pointer}}
.lab-picture table{{border-collapse:collapse;margin:6px 0;color:var(--lab-ink);
font-variant-numeric:tabular-nums}}
.lab-picture td,.lab-picture th{{text-align:right;padding:2px 12px 2px 0}}
.lab-picture td:first-child,.lab-picture th:first-child{{text-align:left}}
{MARKS}</style>"""

Rows = Sequence[Sequence[str]]


class Picture:
    """What a cell shows when it ends with a figure.

    title: what it is. description: what it shows, in a sentence, for who cannot see it.
    draw: makes the drawing for a width in pixels; called with `WIDE` and `NARROW`.
    table: the same in numbers, its first row the headings.
    """

    def __init__(
        self,
        title: str,
        description: str,
        draw: Callable[[int], Canvas],
        table: Rows = (),
    ) -> None:
        self.title = title
        self.description = description
        self.table = table
        self._draw = draw

    def html(self) -> str:
        """For a page: follows its theme and its width."""
        drawings = "".join(
            f'<div class="{name}">{self.inline(width)}</div>'
            for name, width in (("wide", WIDE), ("narrow", NARROW))
        )
        return (
            f'{STYLE}<div class="lab-picture">{drawings}{as_table(self.table)}</div>'
        )

    def inline(self, width: int) -> str:
        """One drawing alone, for a page that brings `STYLE` along."""
        return self._draw(width).svg(self.title, self.description)

    def svg(self) -> str:
        """For print, and for pages without a theme: one drawing on white."""
        return self._draw(WIDE).svg(self.title, self.description, static=True)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the drawing to `path` as an SVG file."""
        Path(path).write_text(self.svg(), encoding="utf-8")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {
            "text/html": self.html(),
            "image/svg+xml": self.svg(),
            "text/plain": f"{self.title}: {self.description}",
        }


def as_table(rows: Rows) -> str:
    """A folded HTML table; the first row is its headings."""
    if not rows:
        return ""
    head, *body = rows
    return (
        "<details><summary>as a table</summary><table><thead>"
        + _row(head, "th") + "</thead><tbody>"
        + "".join(_row(row, "td") for row in body) + "</tbody></table></details>"
    )


def _row(cells: Sequence[str], tag: str) -> str:
    row = "".join(f"<{tag}>{safe(cell)}</{tag}>" for cell in cells)
    return f"<tr>{row}</tr>"
