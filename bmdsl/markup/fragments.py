"""Small pieces of HTML that look right on a light and on a dark page: colours are the page's own,
lines a share of them.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from ..language.printable import printable

CELL = "padding:.1rem .9rem .1rem 0;vertical-align:top;border:0;background:transparent"
TABLE = "border-collapse:collapse;font-size:90%;margin:.3rem 0 .6rem"
LIGHT = "background:#fff;color:#222;padding:.5rem;border-radius:4px;display:inline-block"
"""Of drawings in black ink, which a dark page would hide."""


def escape(text: object) -> str:
    """Text with what HTML has signs for replaced, and signs that a terminal obeys made visible."""
    return html.escape(printable(str(text)))


def heading(text: str, beside: str = "") -> str:
    """A line in bold, and what follows it in plain letters."""
    rest = f' <span style="opacity:.7">{escape(beside)}</span>' if beside else ""
    return f'<div style="margin:.2rem 0 .4rem"><b>{escape(text)}</b>{rest}</div>'


def rows(table: Sequence[Sequence[object]], head: Sequence[str] = (), words: bool = False) -> str:
    """A table; `head` names the columns. Columns after the first stand on the right, as numbers do,
    if they are not `words`.
    """

    def line(cells: Sequence[object], tag: str, weight: str) -> str:
        made = [
            f'<{tag} style="{CELL};text-align:{"right" if k and not words else "left"};'
            f'font-weight:{weight}">'
            f"{escape(x)}</{tag}>"
            for k, x in enumerate(cells)
        ]
        return f"<tr>{''.join(made)}</tr>"

    first = line(head, "th", "600") if head else ""
    body = "".join(line(row, "td", "400") for row in table)
    return f'<table style="{TABLE}">{first}{body}</table>'


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Names and what they are, all on the left."""
    body = "".join(
        f'<tr><td style="{CELL};text-align:left;opacity:.7">{escape(name)}</td>'
        f'<td style="{CELL};text-align:left">{escape(value)}</td></tr>'
        for name, value in pairs
    )
    return f'<table style="{TABLE}">{body}</table>'


def folded(title: str, body: str, open: bool = False) -> str:
    """A body behind a line to click on."""
    return (
        f'<details{" open" if open else ""} style="margin:.3rem 0"><summary'
        f' style="cursor:pointer">{escape(title)}</summary>{body}</details>'
    )


def plain(text: str) -> str:
    """Text as it stands, in letters of one width."""
    return (
        '<pre style="font-family:monospace;font-size:85%;line-height:1.4;white-space:pre;'
        "overflow-x:auto;"
        f'background:transparent;color:inherit">{escape(text)}</pre>'
    )


def verdict(line: str, well: bool) -> str:
    """A sentence that praises or minds: green or orange, dark enough for white, light enough for
    black.
    """
    colour = "#2e8b46" if well else "#c8561b"
    return f'<div style="color:{colour};font-weight:600;margin:.2rem 0">{escape(line)}</div>'


def on_paper(body: str) -> str:
    """A drawing in black ink on a white ground."""
    return f'<div style="{LIGHT};max-width:100%">{body}</div>'


def image(png: bytes, caption: str) -> str:
    """A PNG as data, with its caption below."""
    import base64

    data = base64.b64encode(png).decode("ascii")
    return (
        f'<figure style="margin:.5rem 0"><img style="max-width:100%" alt="{escape(caption)}"'
        f' src="data:image/png;base64,{data}"><figcaption style="opacity:.7;font-size:85%">'
        f"{escape(caption)}</figcaption></figure>"
    )
