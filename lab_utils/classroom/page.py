"""A page that is one file: no script, nothing to fetch, light or dark as the reader's
system is."""

from html import escape

from lab_utils.plots.theme import DARK, LIGHT, variables

STYLE = f"""
:root{{color-scheme:light dark;{variables(LIGHT, themed=False)}}}
@media (prefers-color-scheme:dark){{:root{{{variables(DARK, themed=False)}}}}}
body{{margin:0 auto;max-width:52rem;padding:1.5rem;background:var(--lab-paper);
color:var(--lab-ink);font:1rem/1.5 system-ui,'DejaVu Sans',sans-serif}}
h1{{font-size:1.6rem;margin:0}} h2{{font-size:1.15rem;margin:2rem 0 .5rem}}
p{{margin:.3rem 0}} .soft{{color:var(--lab-soft)}}
.total{{font-size:1.25rem;font-variant-numeric:tabular-nums}}
ul{{list-style:none;margin:0;padding:0}}
li{{border-left:.3rem solid var(--lab-rule);padding:.45rem .8rem;margin:.5rem 0;
background:var(--lab-band);overflow-wrap:anywhere}}
li.right{{border-color:var(--lab-alive)}} li.part{{border-color:var(--lab-first)}}
li.wrong{{border-color:var(--lab-late)}}
li .mark{{display:inline-block;width:1.3em;font-weight:700}}
.right .mark{{color:var(--lab-alive)}} .part .mark{{color:var(--lab-first)}}
.wrong .mark{{color:var(--lab-late)}}
.parts{{float:right;font-variant-numeric:tabular-nums}}
table{{border-collapse:collapse;width:100%}}
th,td{{text-align:left;vertical-align:top;padding:.4rem .6rem;
border-top:1px solid var(--lab-rule);overflow-wrap:anywhere}}
a{{color:inherit}} th{{white-space:nowrap}} td p{{margin:0 0 .3rem}}
td.number{{font-variant-numeric:tabular-nums;white-space:nowrap}}
"""


def page(title: str, body: str) -> bytes:
    """The whole file. title: plain text; body: HTML."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n{body}</body>\n</html>\n"
    ).encode()
