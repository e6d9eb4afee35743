"""Forecasts as a picture: a panel per dimension, the past and then the chains with their band."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .plots import figure, save

MAX_PANELS = 6
MAX_LINES = 5
"""Chains that are drawn one by one; the band is over all."""
MIN_CHAINS_FOR_BAND = 10


def forecast_picture(past: np.ndarray | None, future: np.ndarray, path: Path, title: str) -> bool:
    """Writes dimensions over time, `past` [n, T, D] before `future` [n, frames, D].

    The past is drawn only if it is the same for all chains, as their band is. Returns whether
    there are few enough dimensions to draw.
    """
    count, frames, width = future.shape
    if width > MAX_PANELS:
        return False
    shared = past is not None and bool((past == past[:1]).all())
    made = figure(7.0, 1.5 * width + 0.5)
    grid = made.subplots(width, 1, sharex=True, squeeze=False)[:, 0]
    at = np.arange(1, frames + 1)
    for d, axes in enumerate(grid):
        if shared and count >= MIN_CHAINS_FOR_BAND:
            low, high = np.quantile(future[:, :, d], [0.05, 0.95], axis=0)
            axes.fill_between(at, low, high, color="0.88", lw=0, label="90 % of chains")
            axes.plot(at, future[:, :, d].mean(axis=0), color="black", lw=1.4, label="mean")
        for chain in future[:MAX_LINES, :, d]:
            axes.plot(at, chain, lw=0.7, alpha=0.8)
        if past is not None and shared:
            before = np.arange(1 - past.shape[1], 1)
            axes.plot(before, past[0, :, d], "o-", color="0.35", ms=3, lw=1, label="given past")
        axes.axvline(0.5, color="0.6", lw=0.6, ls=":")
        axes.set_ylabel(f"dimension {d}" if width > 1 else "value", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    grid[0].set_title(title, fontsize=9, loc="left")
    if grid[0].get_legend_handles_labels()[0]:
        grid[0].legend(fontsize=7, frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=3)
    grid[-1].set_xlabel("frame", fontsize=8)
    save(made, path)
    return True
