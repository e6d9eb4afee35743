"""A factor graph: the drawing of a paper."""

from __future__ import annotations

from ...graph.factor_graph import FactorGraph
from ...language.vocabulary import Word
from ...markup.fragments import heading
from ..drawings import graph_drawing

WORD = Word("FactorGraph", summary="groups as circles, terms as squares")


def html(graph: FactorGraph) -> str:
    """Groups are circles, observed ones shaded; terms are squares."""
    return heading(f"Factor graph of {graph.model.name}") + graph_drawing(graph.model)
