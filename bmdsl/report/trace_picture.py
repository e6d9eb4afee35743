"""Traces of observables as a picture: what chains did, how long they remember, and how their values
are spread.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..inference.chain_statistics import Summary, autocovariance
from ..inference.observing import Trace
from .plots import figure, save

SHOWN = 8
"""Chains that are drawn one by one; the mean is over all."""


def trace_picture(trace: Trace, path: Path, name: str) -> None:
    """A row an observable: traces of a few chains, the autocorrelation over all, the distribution
    of values; of one of many numbers, `name[k]`, the first alone.
    """
    chosen: dict[str, Summary] = {}
    for found in trace.summary():
        chosen.setdefault(found.name.partition("[")[0], found)
    made = figure(9.0, 2.1 * len(chosen) + 0.3)
    grid = made.add_gridspec(len(chosen), 3, width_ratios=(3, 1.3, 1.3), hspace=0.55, wspace=0.3)
    for row, summary in enumerate(chosen.values()):
        x = trace.values[summary.name]
        at = trace.thin * np.arange(1, x.shape[1] + 1)
        axes = made.add_subplot(grid[row, 0])
        for chain in x[:SHOWN]:
            axes.plot(at, chain, lw=0.6, alpha=0.8)
        axes.set_title(
            f"{name}: {summary.name} = {summary.mean:.5g} ± {summary.error:.2g}",
            fontsize=9,
            loc="left",
        )
        axes.set_xlabel("sweep", fontsize=8)
        axes = made.add_subplot(grid[row, 1])
        _autocorrelation(axes, x, trace.thin)
        axes.set_title(f"τ = {summary.autocorrelation:.3g} sweeps", fontsize=9, loc="left")
        axes = made.add_subplot(grid[row, 2])
        axes.hist(x.ravel(), bins=40, color="0.4")
        axes.set_yticks([])
        axes.set_title(f"R̂ = {summary.rhat:.3f}, ESS {summary.ess:,.0f}", fontsize=9, loc="left")
    for axes in made.axes:
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    save(made, path)


def _autocorrelation(axes: Any, x: np.ndarray, thin: int) -> None:
    if x.shape[1] < 4 or x.std() == 0:
        return
    covariance = autocovariance(x).mean(axis=0)
    rho = covariance / covariance[0]
    below = np.flatnonzero(rho < 0.02)
    last = int(min(len(rho) - 1, max(10, 2 * (below[0] if len(below) else len(rho)))))
    axes.axhline(0, color="0.7", lw=0.6)
    axes.plot(thin * np.arange(last), rho[:last], lw=1.2, color="0.2")
    axes.set_xlabel("lag in sweeps", fontsize=8)
