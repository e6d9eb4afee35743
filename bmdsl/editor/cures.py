"""Cures of diagnostics as edits: what a help names in so many words is put in the place that the
carets mark.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..language.diagnostics import Diagnostic
from ..language.source import Span

MEANT = re.compile(
    r"^(?:did you mean (?:the shipped model )?`([^`]+)`\?|it is now spelled `([^`]+)`)$"
)


@dataclass(frozen=True)
class Cure:
    """An edit, with the sentence that the editor shows."""

    title: str
    span: Span
    text: str


def cures(diagnostic: Diagnostic) -> list[Cure]:
    """Empty where no help can be carried out word by word."""
    span = diagnostic.span
    if span is None:
        return []
    return [
        Cure(f"Replace `{span.text}` by `{(text := found[1] or found[2])}`", span, text)
        for help in diagnostic.helps
        if (found := MEANT.match(help)) and span.text and "\n" not in span.text
    ]
