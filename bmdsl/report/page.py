"""One HTML file with everything in it: pictures as data, the graph as SVG, no script and no link to
anything outside.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..language.printable import printable

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


POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a browser may do for the page: show its own pictures. It runs nothing and asks no one."""


class Markup(str):
    """HTML that this module has made; any other text is escaped where it enters one."""


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    body: str


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


def page(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """The whole file."""
    parts = (joined(element("h2", s.title), "\n", s.body, "\n") for s in sections)
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"{element('title', title)}<style>{STYLE}</style>"
    )
    body = joined(element("h1", title), "\n", element("p", subtitle, class_="quiet"), "\n", *parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def table(rows: Sequence[Sequence[str]]) -> Markup:
    """Rows of texts; one that begins with an empty text is a heading."""

    def line(row: Sequence[str]) -> Markup:
        name = "td" if row and row[0] else "th"
        return joined(element("tr", *(element(name, x) for x in row)), "\n")

    return element("table", "\n", *map(line, rows))


def text(content: str) -> Markup:
    """Text as it stands."""
    return element("pre", content)


def verdict(line: str, well: bool) -> Markup:
    """What the monitors said at the end."""
    return element("p", line, class_="well" if well else "ill")


def picture(path: Path, caption: str) -> Markup:
    """A PNG file as data."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    image = Markup(f'<img alt="{html.escape(caption)}" src="data:image/png;base64,{data}">')
    return element("figure", image, element("figcaption", caption))


def drawing(path: Path) -> Markup:
    """An SVG file of our own inline, without its XML head."""
    svg = path.read_text(encoding="utf-8")
    return element("div", Markup(svg[svg.index("<svg") :]), class_="graph")
