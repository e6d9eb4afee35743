"""A trace of observables: a table of what it says, and its first chains as curves."""

from __future__ import annotations

import numpy as np

from ...inference.observing import Trace
from ...language.diagnostics import counted
from ...language.vocabulary import Word
from ...markup.fragments import heading, rows
from ...markup.svg_curves import Panel, panels

WORD = Word("Trace", summary="means with errors, and the chains as curves")
SHOWN = 4


def html(trace: Trace) -> str:
    """A row and a panel an observable."""
    chains, draws = next(iter(trace.values.values())).shape
    table = [
        (
            s.name,
            f"{s.mean:.5g}",
            f"{s.error:.2g}",
            f"{s.autocorrelation:.3g}",
            f"{s.ess:,.0f}",
            f"{s.rhat:.3f}",
        )
        for s in trace.summary()
    ]
    drawn = [
        Panel(
            name,
            {
                f"chain {k}": [
                    ((t + 1) * trace.thin, float(x)) for t, x in enumerate(np.asarray(row))
                ]
                for k, row in enumerate(values[:SHOWN])
            },
            x_label="sweep",
        )
        for name, values in trace.values.items()
    ]
    return (
        heading(
            "Trace",
            f"{counted(chains, 'chain')} of {counted(draws, 'draw')},"
            f" {counted(trace.thin, 'sweep')} apart",
        )
        + rows(table, ("observable", "mean", "error", "τ in sweeps", "ESS", "R̂"))
        + panels(drawn)
    )
