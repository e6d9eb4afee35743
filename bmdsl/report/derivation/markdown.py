"""Derivations as Markdown with formulas between `$$`, for notebooks."""

from __future__ import annotations

from .expression import Remark, Section
from .latex import MARKS, Latex


def as_markdown(sections: list[Section]) -> str:
    """A heading a section, a displayed formula an equation; right sides of several forms stand one
    below the other.
    """
    printer, out = Latex(), []
    for s in sections:
        out.append(f"### {_worded(s.title)}")
        for line in s.lines:
            if line.words:
                out.append(_worded(line.words))
            if isinstance(line, Remark):
                continue
            if len(line.rights) == 1:
                out.append(f"$$ {printer.equation(line)} $$")
                continue
            first, *rest = line.rights
            more = "".join(rf" \\ & = {printer.node(r)}" for r in rest)
            out.append(
                rf"$$ \begin{{aligned}} {printer.left(line.left)} & = {printer.node(first)}{more}"
                r" \end{aligned} $$"
            )
    return "\n\n".join(out)


def _worded(words: str) -> str:
    """Words with signs among them as mathematics, and Markdown's own marks as letters."""
    out = words
    for n, mark in enumerate(MARKS):
        out = out.replace(mark, chr(0xE000 + n))
    out = "".join("\\" + c if c in "\\_*`<>[]|" else c for c in out)
    for n, latex in enumerate(MARKS.values()):
        out = out.replace(chr(0xE000 + n), latex)
    return out.replace("$$", "")  # signs side by side are one formula
