"""A run: what the monitors said, its last figures, its curves, and samples of the machine."""

from __future__ import annotations

from ...language.vocabulary import Word
from ...markup.fragments import facts, folded, heading, verdict
from ...markup.svg_curves import panels
from ...report.curve_groups import curve_groups
from ...training.health import WELL
from ...training.outcome import Run
from ..drawings import samples_drawing

WORD = Word("Run", summary="health, curves and samples")


def html(run: Run) -> str:
    """Health first, then curves by what they say, then samples where the cases are images."""
    groups = curve_groups(run.metrics)
    parts = [heading(f"Run of {run.machine.model.name}", run.course)]
    if run.health:
        parts.append(verdict(run.health, run.health == WELL))
    last = run.metrics[-1] if run.metrics else {}
    figures = [
        (name.replace("_", " "), f"{x:.5g}")
        for name, x in last.items()
        if isinstance(x, float) and name not in ("rate", "seconds")
    ]
    for k, group in enumerate(groups):
        parts.append(folded(group.title, panels(group.panels), open=k == 0))
    parts.append(folded("figures of the last epoch", facts(figures)) if figures else "")
    parts.append(samples_drawing(run))
    if run.out is not None:
        parts.append(facts([("run folder", str(run.out))]))
    return "".join(parts)
