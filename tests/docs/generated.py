"""Pages that are written from the package itself: Markdown, and how they are kept in step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .test_code_blocks import ROOT

DOCS = ROOT / "docs"


def cell(text: str) -> str:
    """A text that stands in a table, outside and inside of backticks."""
    parts = text.replace("\n", " ").split("`")
    parts[::2] = [x.replace("*", "\\*").replace("<", "&lt;") for x in parts[::2]]
    return "`".join(parts).replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; without rows, nothing."""
    lines = [f"| {' | '.join(map(cell, row))} |" for row in rows]
    rule = "|" + "---|" * len(head)
    return "\n".join([f"| {' | '.join(head)} |", rule, *lines]) if lines else ""


def page(*parts: str) -> str:
    """Parts that are not empty, with blank lines between."""
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def write(pages: Mapping[str, str]) -> None:
    """Writes pages, path below docs/ → text, anew."""
    for place, text in pages.items():
        path = DOCS / place
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(place)


def out_of_step(pages: Mapping[str, str], folder: str) -> list[str]:
    """Pages of a folder that differ from what would be written, are missing, or are too many."""
    there = {f"{folder}/{p.name}" for p in (DOCS / folder).glob("*.md")}
    wrong = there ^ set(pages)
    wrong |= {p for p in there & set(pages) if (DOCS / p).read_text(encoding="utf-8") != pages[p]}
    return sorted(wrong)
