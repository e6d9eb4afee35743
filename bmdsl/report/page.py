"""One HTML file with everything in it: pictures as data, the graph as SVG, no script and no link to
anything outside.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..markup.highlighting import classed, style_sheet

STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --paper: #fff; --quiet: #5f5f5f;
  --panel: #f6f6f4; --line: #ddd; --well: #23702c; --ill: #a33a12; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e3; --paper: #16181b; --quiet: #a5a5a5;
  --panel: #212429; --line: #3a3d42; --well: #6fc47c; --ill: #f0905f; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 68rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid var(--line);
  padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
.answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr));
  gap: 0 1.5rem; }
.curves { display: flex; flex-wrap: wrap; gap: 0 2.5rem; }
.answers h2 { margin-top: 1.2rem; }
.scrolls { overflow-x: auto; }
table { border-collapse: collapse; }
td, th { padding: .15rem 1rem .15rem 0; text-align: left; vertical-align: top; }
td + td, th + th { text-align: right; }
.facts td + td { text-align: left; overflow-wrap: anywhere; }
pre { background: var(--panel); padding: .8rem 1rem; overflow-x: auto; font-size: 13px;
  line-height: 1.4; }
figure { margin: 1rem 0; }
img { max-width: 100%; background: #fff; border-radius: 3px; }
figcaption { color: var(--quiet); font-size: 14px; }
.beside { display: flex; flex-wrap: wrap; gap: .5rem 1rem; }
.beside figure { flex: 1 1 9rem; margin: 0; }
.well { color: var(--well); font-weight: 600; }
.ill { color: var(--ill); font-weight: 600; }
.graph { background: #fff; color: #222; border-radius: 3px; padding: .5rem; }
.graph svg { max-width: 100%; height: auto; }
.quiet { color: var(--quiet); }
"""
"""Colours follow the reader's screen, light or dark; lines break at 390 pixels."""


@dataclass(frozen=True)
class Section:
    """A heading and its HTML."""

    title: str
    body: str
    answer: bool = False
    """Whether it is one of the answers of the first screen, which stand side by side."""


def _section(s: Section) -> str:
    return f"<h2>{html.escape(s.title)}</h2>\n{s.body}"


def page(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """The whole file."""
    first = [s for s in sections if s.answer]
    parts = "\n".join(_section(s) for s in sections if not s.answer)
    if first:
        answers = "\n".join(f"<section>{_section(s)}</section>" for s in first)
        parts = f'<div class="answers">{answers}</div>\n{parts}'
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}{style_sheet()}</style></head>\n<body>\n"
        f"<h1>{html.escape(title)}</h1>\n"
        f'<p class="quiet">{html.escape(subtitle)}</p>\n{parts}\n</body></html>\n'
    )


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of texts; one that begins with an empty text is a heading."""

    def cells(row: Sequence[str]) -> str:
        tag = "td" if row and row[0] else "th"
        return "".join(f"<{tag}>{html.escape(x)}</{tag}>" for x in row)

    inside = "\n".join(f"<tr>{cells(row)}</tr>" for row in rows)
    return f'<div class="scrolls"><table>\n{inside}\n</table></div>'


def facts(rows: Sequence[tuple[str, str]]) -> str:
    """Names and what they are, in words."""
    inside = "\n".join(
        f'<tr><td class="quiet">{html.escape(n)}</td><td>{html.escape(x)}</td></tr>'
        for n, x in rows
    )
    return f'<table class="facts">\n{inside}\n</table>'


def model_text(content: str) -> str:
    """A model's text in colours."""
    return classed(content)


def beside(first: str, second: str) -> str:
    """Two pictures side by side, one below the other on a narrow screen."""
    return f'<div class="beside">{first}{second}</div>'


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
