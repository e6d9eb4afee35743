"""One HTML file with everything in it: pictures as data, the graph as SVG, no script and no link to
anything outside.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c1c1c; background: #fff;
  max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid #ddd; padding-bottom: .2rem; }
table { border-collapse: collapse; }
td, th { padding: .15rem 1rem .15rem 0; text-align: left; vertical-align: top; }
td + td, th + th { text-align: right; }
pre { background: #f6f6f4; padding: .8rem 1rem; overflow-x: auto; font-size: 13px;
  line-height: 1.4; }
figure { margin: 1rem 0; }
figure img { max-width: 100%; }
figcaption { color: #666; font-size: 13px; }
.well { color: #23702c; }
.ill { color: #a33a12; }
.graph svg { max-width: 100%; height: auto; }
.quiet { color: #666; }
"""


@dataclass(frozen=True)
class Section:
    """A heading and its HTML."""

    title: str
    body: str


def page(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """The whole file."""
    parts = "\n".join(f"<h2>{html.escape(s.title)}</h2>\n{s.body}" for s in sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>\n<body>\n"
        f"<h1>{html.escape(title)}</h1>\n"
        f'<p class="quiet">{html.escape(subtitle)}</p>\n{parts}\n</body></html>\n'
    )


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of texts; one that begins with an empty text is a heading."""

    def cells(row: Sequence[str]) -> str:
        tag = "td" if row and row[0] else "th"
        return "".join(f"<{tag}>{html.escape(x)}</{tag}>" for x in row)

    return "<table>\n" + "\n".join(f"<tr>{cells(row)}</tr>" for row in rows) + "\n</table>"


def text(content: str) -> str:
    """Text as it stands."""
    return f"<pre>{html.escape(content)}</pre>"


def verdict(line: str, well: bool) -> str:
    """What the monitors said at the end."""
    return f'<p class="{"well" if well else "ill"}">{html.escape(line)}</p>'


def picture(path: Path, caption: str) -> str:
    """A PNG file as data."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return (
        f'<figure><img alt="{html.escape(caption)}"'
        f' src="data:image/png;base64,{data}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def inline_svg(path: Path) -> str:
    """An SVG file without its XML head, as a page can hold it; its ids are no other drawing's."""
    svg = path.read_text(encoding="utf-8")
    return svg[svg.index("<svg") :]


def drawing(path: Path) -> str:
    """An SVG file inline."""
    return f'<div class="graph">{inline_svg(path)}</div>'
