"""A model: its groups, its text in colours, its factor graph."""

from __future__ import annotations

from ...api import Model
from ...language.vocabulary import Word
from ...markup.fragments import folded, heading
from ...markup.highlighting import highlighted
from ..drawings import graph_drawing

WORD = Word("Model", summary="text and factor graph")


def html(model: Model) -> str:
    """The text is folded away where it is long."""
    groups = ", ".join(map(str, model.checked.groups))
    text = model.source.text.strip()
    given = ", ".join(f"{n} = {x:g}" for n, x in model.arguments.items())
    short = text.count("\n") < 30
    return (
        heading(f"Model {model.name}", groups + (f"; {given}" if given else ""))
        + (highlighted(text) if short else folded("text", highlighted(text)))
        + graph_drawing(model.checked)
    )
