"""The colours of the series, and what every mark looks like, as CSS.

Each mark has a form and a colour of its own (Okabe and Ito's, which colour-blind
readers can tell apart). Colours are CSS variables and follow JupyterLab's theme.
"""

LIGHT = {
    "ink": "#1f2328", "soft": "#59636e", "paper": "#ffffff", "band": "#eceff2",
    "rule": "#d1d5da", "token": "#0072B2", "first": "#b36b00", "alive": "#009E73",
    "late": "#D55E00", "guess": "#6e7781",
}
DARK = {
    "ink": "#e8eaed", "soft": "#a9b0b8", "paper": "#111111", "band": "#26292e",
    "rule": "#4a4f57", "token": "#56B4E9", "first": "#E69F00", "alive": "#2fc79a",
    "late": "#ff8a4c", "guess": "#a9b0b8",
}
KINDS = ("token", "late", "alive", "first")
"""The colours of things side by side, in this order."""

JUPYTER = {
    "ink": "--jp-ui-font-color1", "soft": "--jp-ui-font-color2",
    "paper": "--jp-layout-color0", "band": "--jp-layout-color2",
    "rule": "--jp-border-color1",
}
"""Where a theme of JupyterLab says what these colours are, it decides."""


def variables(colours: dict[str, str], *, themed: bool) -> str:
    """The colours as CSS custom properties; themed: JupyterLab's own come first."""
    return "".join(
        f"--lab-{name}:"
        + (f"var({JUPYTER[name]},{value})" if themed and name in JUPYTER else value)
        + ";"
        for name, value in colours.items()
    )


MARKS = """
svg.lab{font-family:system-ui,'DejaVu Sans',sans-serif;
font-variant-numeric:tabular-nums}
.lab text{fill:var(--lab-ink)}
.lab .soft{fill:var(--lab-soft)} .lab .bold{font-weight:700}
.lab .mono{font-family:ui-monospace,'DejaVu Sans Mono',monospace;white-space:pre}
.lab .band{fill:var(--lab-band)} .lab .paper{fill:var(--lab-paper)}
.lab .rule{stroke:var(--lab-rule);stroke-width:1.5;fill:none}
.lab .now{stroke:var(--lab-soft);stroke-width:2;stroke-dasharray:5 4}
.lab .hatch{stroke:var(--lab-rule);stroke-width:1.5}
.lab .guess{stroke:var(--lab-guess);stroke-width:2.5;fill:var(--lab-paper)}
.lab .token{stroke:var(--lab-token);stroke-width:2.5}
.lab .first{stroke:var(--lab-first);stroke-width:4}
.lab .alive{stroke:var(--lab-alive);stroke-width:2.5}
.lab .late{stroke:var(--lab-late);stroke-width:2.5}
.lab .thin{stroke-width:1.6}
.lab .ink{stroke:var(--lab-ink);stroke-width:2.5}
.lab .fill.token{fill:var(--lab-token);stroke:none}
.lab .fill.first{fill:var(--lab-first);stroke:none}
.lab .fill.alive{fill:var(--lab-alive);stroke:none}
.lab .fill.late{fill:var(--lab-late);stroke:none}
.lab .fill.ink{fill:var(--lab-ink);stroke:none}
.lab text.token,.lab text.first,.lab text.alive,.lab text.late{stroke:none}
.lab text.token{fill:var(--lab-token)} .lab text.first{fill:var(--lab-first)}
.lab text.alive{fill:var(--lab-alive)} .lab text.late{fill:var(--lab-late)}
"""
