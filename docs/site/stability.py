"""Marks of the API reference: docs/api/stability.md has them in its table, by the names of the
reference's headings.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

API = Path(__file__).parents[1] / "api"
TABLE = "stability.md"
ROW = re.compile(r"^\| `([^`]+)` \| (\w+) \| ([\d.]+) \|$", re.M)
ENTRY = re.compile(r"^::: (\S+)\n((?: {4,}.*\n|\n)*)", re.M)
MEMBER = re.compile(r"^ {8}- (\w+)$", re.M)


class Mark(NamedTuple):
    """`stable` or `provisional`, and the version that brought it."""

    word: str
    since: str

    def __str__(self) -> str:
        return f"*{self.word.capitalize()} since {self.since}.*"


def marks() -> dict[str, Mark]:
    """Name in the table → its mark. Raises ValueError for a name that stands there twice."""
    rows = ROW.findall((API / TABLE).read_text(encoding="utf-8"))
    found = {name: Mark(word, since) for name, word, since in rows}
    if len(found) != len(rows):
        raise ValueError(f"a name stands twice in {TABLE}")
    return found


def listed() -> dict[str, str]:
    """Name as the reference's headings have it, or `heading.member` → the object's path."""
    found: dict[str, str] = {}
    for page in sorted(API.glob("*.md")):
        for path, options in ENTRY.findall(page.read_text(encoding="utf-8")):
            heading = re.search(r'heading: "([^"]+)"', options)
            name = heading[1] if heading else path
            found[name] = path
            found |= {f"{name}.{m}": f"{path}.{m}" for m in MEMBER.findall(options)}
    return found


def by_path() -> dict[str, Mark]:
    """Path of an object → its mark; members without a row have that of their class."""
    known, paths = marks(), listed()
    return {paths[name]: mark for name, mark in known.items() if name in paths}
