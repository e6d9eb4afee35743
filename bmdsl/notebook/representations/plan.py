"""A plan: its blocks as a table, and the words that it prints."""

from __future__ import annotations

from ...language.vocabulary import Word
from ...markup.fragments import folded, heading, plain, rows
from ...plan.plan import Plan
from ...report.model_facts import blocks, parameters

WORD = Word("Plan", summary="who is updated together, and what every parameter is")


def html(plan: Plan) -> str:
    """Blocks in the order of a sweep, then the parameters; the plan's own words are folded."""
    swept = [tuple(line.split(": ", 1)) for line in blocks(plan)]
    head, *table = parameters(plan)
    return (
        heading(f"Plan of {plan.model.name}")
        + rows(swept, ("block", "how it is drawn"), words=True)
        + (rows(table, head, words=True) if table else "")
        + folded("in full", plain(str(plan)))
    )
