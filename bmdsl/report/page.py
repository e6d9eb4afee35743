"""One HTML file with everything in it: pictures as data, the graph as SVG, no script and no link to
anything outside.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..language.printable import printable
from ..markup.highlighting import classed, style_sheet
from .plots import DPI

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
.scrolls + .scrolls { margin-top: 1rem; }
table { border-collapse: collapse; }
td, th { padding: .15rem 1rem .15rem 0; text-align: left; vertical-align: top; }
td + td, th + th { text-align: right; }
.facts td + td { text-align: left; overflow-wrap: anywhere; }
code { background: var(--panel); padding: .1em .3em; font-size: 85%; overflow-wrap: anywhere; }
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
@media (max-width: 30rem) { table { font-size: 14px; } td, th { padding-right: .5rem; } }
"""
"""Colours follow the reader's screen, light or dark; lines break at 390 pixels."""


POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a browser may do for the page: show its own pictures. It runs nothing and asks no one."""


CSS_DPI = 96
SMALLEST, SMALLEST_DRAWING = 0.85, 0.5
"""How small a picture, and a graph with its larger letters, may become of its size in print."""


class Markup(str):
    """HTML that this module has made; any other text is escaped where it enters one."""


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    body: str
    answer: bool = False
    """Whether it is one of the answers of the first screen, which stand side by side."""


def _section(s: Section) -> Markup:
    return joined(element("h2", s.title), "\n", s.body, "\n")


def element(name: str, *content: str, **attributes: str) -> Markup:
    """`<name attributes>content</name>`; an attribute is named with `_` after a word of Python's.

    The one place where texts become HTML: all but `Markup` are escaped.
    """
    given = "".join(f' {k.rstrip("_")}="{html.escape(v)}"' for k, v in attributes.items())
    return Markup(f"<{name}{given}>{joined(*content)}</{name}>")


def joined(*content: str) -> Markup:
    """Parts one after another, texts escaped."""
    parts = (x if isinstance(x, Markup) else html.escape(printable(x)) for x in content)
    return Markup("".join(parts))


def prose(content: str) -> Markup:
    """A sentence with what stands between backticks set as code."""
    parts = content.split("`")
    if len(parts) % 2 == 0:  # an odd number of backticks marks nothing
        return joined(content)
    return joined(*(element("code", x) if k % 2 else x for k, x in enumerate(parts)))


def page(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """The whole file."""
    first = [s for s in sections if s.answer]
    parts = [_section(s) for s in sections if not s.answer]
    if first:
        answers = (joined(element("section", _section(s)), "\n") for s in first)
        parts = [element("div", *answers, class_="answers"), Markup("\n"), *parts]
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{element('title', title)}<style>{STYLE}{style_sheet()}</style>"
    )
    body = joined(element("h1", title), "\n", element("p", subtitle, class_="quiet"), "\n", *parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def table(rows: Sequence[Sequence[str]]) -> Markup:
    """Rows of texts; one that begins with an empty text is a heading."""

    def line(row: Sequence[str]) -> Markup:
        name = "td" if row and row[0] else "th"
        return joined(element("tr", *(element(name, x) for x in row)), "\n")

    return element("div", element("table", "\n", *map(line, rows)), class_="scrolls")


def facts(rows: Sequence[tuple[str, str]]) -> Markup:
    """Names and what they are, in words."""
    lines = (
        joined(element("tr", element("td", n, class_="quiet"), element("td", x)), "\n")
        for n, x in rows
    )
    return element("table", "\n", *lines, class_="facts")


def model_text(content: str) -> Markup:
    """A model's text in colours."""
    return Markup(classed(content))


def beside(first: Markup, second: Markup) -> Markup:
    """Two pictures side by side, one below the other on a narrow screen."""
    return element("div", first, second, class_="beside")


def text(content: str) -> Markup:
    """Text as it stands."""
    return element("pre", content)


def verdict(line: str, well: bool) -> Markup:
    """What the monitors said at the end."""
    return element("p", prose(line), class_="well" if well else "ill")


def picture(path: Path, caption: str) -> Markup:
    """A PNG file as data."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    image = Markup(f'<img alt="{html.escape(caption)}" src="data:image/png;base64,{data}">')
    return element("figure", image, element("figcaption", caption))


def legible(path: Path, caption: str) -> Markup:
    """A PNG file with writing in it: on a narrow screen it is scrolled rather than made too small
    to read.
    """
    pixels = int.from_bytes(path.read_bytes()[16:20], "big")  # the width stands in a PNG's head
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    style = f"min-width: {SMALLEST * pixels * CSS_DPI / DPI:.0f}px"
    image = Markup(
        f'<img alt="{html.escape(caption)}" style="{style}" src="data:image/png;base64,{data}">'
    )
    framed = element("div", image, class_="scrolls")
    return element("figure", framed, element("figcaption", caption))


def inline_svg(path: Path) -> Markup:
    """An SVG file of our own without its XML head, as a page can hold it; its ids are no other
    drawing's.
    """
    svg = path.read_text(encoding="utf-8")
    return Markup(svg[svg.index("<svg") :])


def drawing(path: Path) -> Markup:
    """An SVG file inline."""
    svg = inline_svg(path)
    width = re.search(r'<svg[^>]* width="([\d.]+)(pt|px|)"', svg)
    if width is None:
        return element("div", svg, class_="graph scrolls")
    pixels = float(width[1]) * (CSS_DPI / 72 if width[2] == "pt" else 1)
    style = f"min-width: {SMALLEST * pixels:.0f}px"
    return element(
        "div", Markup(svg.replace("<svg", f'<svg style="{style}"', 1)), class_="graph scrolls"
    )
