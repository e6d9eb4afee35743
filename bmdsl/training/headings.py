"""Headings of the parts of an update, in schedules and in printed routines."""

from __future__ import annotations

from typing import Any

from ..language.model import Choice

PREPARED = "what fields need from the parameters"
GRADIENT = "gradient = ⟨∂(−E)/∂θ⟩ of the positive phase less that of the negative phase"
CENTRING = "centred gradient: offsets follow the middle of both phases' means"
MODIFIERS = "what parameters are declared to be"
MONITORED = "what monitors look at"


def word_heading(part: str, choice: Choice) -> str:
    """The heading of the part of an update that a word of the train block carries out."""
    return f"{part}: {word_text(choice)}"


def word_text(choice: Choice) -> str:
    """A word as it is written, with its options."""
    options = ", ".join(f"{n} = {_text(x)}" for n, x in choice.options)
    return f"{choice.name}({options})" if options else choice.name


def _text(x: Any) -> str:
    if isinstance(x, bool):
        return "true" if x else "false"
    return f"{x:g}" if isinstance(x, float) else str(x)
