"""`language 1`: the version of the language that a text is written in.

It stands once, before all else; a text without it is of version 1.
"""

from __future__ import annotations

import re

from .diagnostics import BmError, Diagnostic, Label, fail
from .source import Source, Span
from .tree import LanguageLine

KNOWN = ("1",)
"""The versions that are read, as they are written."""
_GAP = r"(?:\s|#[^\n]*\n)"
_FIRST = re.compile(rf"{_GAP}*language{_GAP}+(\d[\w.]{{0,20}})")


def verify_version(source: Source) -> None:
    """BM015 where the text begins with a version that is not known.

    It is told before the text is parsed, as another version may have another grammar.
    """
    found = _FIRST.match(source.text)
    if found is not None and found[1] not in KNOWN:
        raise fail(
            "BM015",
            f"version {found[1]} of the language is not known",
            Span(source, *found.span(1)),
            label=f"this bmdsl reads version {', '.join(KNOWN)}",
            help="install a newer bmdsl if the text was written for one, else write `language 1`",
        )


def the_one(lines: tuple[LanguageLine, ...], first: Span | None) -> LanguageLine | None:
    """The line of a text, None where there is none; `first` is the first import or definition.

    BM016 for a second line, BM017 for one that does not come first.
    """
    if not lines:
        return None
    wrong = [
        Diagnostic(
            "BM016",
            "the version of the language is written twice",
            line.span,
            helps=("leave this line out: one stands for the whole text",),
            others=(Label(lines[0].span, "and here"),),
        )
        for line in lines[1:]
    ]
    if first is not None and first.start < lines[0].span.start:
        late = Diagnostic(
            "BM017",
            "the version of the language comes first",
            lines[0].span,
            helps=("move the line before all imports, models and stacks",),
            others=(Label(first, "what stands before it"),),
        )
        wrong.insert(0, late)
    if wrong:
        raise BmError(*wrong)
    return lines[0]
