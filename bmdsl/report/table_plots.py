"""Pictures with names of columns at their sides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .plots import figure, save

CELL, TEXT = 0.2, 0.075
"""Inches of a cell, and of a letter of a name."""
MAX_LETTERS = 24
COLOURS = "RdBu_r"


def weights_by_name(
    names: Sequence[str],
    values: np.ndarray,
    starts: Sequence[int],
    hidden: str,
    path: Path,
    title: str,
) -> None:
    """[names, units] as colours, red positive and blue negative, the units of largest weights
    first; lines between groups that begin at `starts`.
    """
    order = np.argsort(-np.linalg.norm(values, axis=0), kind="stable")
    shown = values[:, order]
    left = TEXT * max(len(_cut(n)) for n in names) + 0.1
    width, height = CELL * shown.shape[1], CELL * shown.shape[0]
    made = figure(left + max(width, 3.2) + 0.9, height + 0.9)
    whole = made.get_size_inches()
    axes = made.add_axes((left / whole[0], 0.45 / whole[1], width / whole[0], height / whole[1]))
    high = float(np.abs(shown).max()) or 1.0
    drawn = axes.imshow(shown, cmap=COLOURS, vmin=-high, vmax=high, aspect="auto")
    axes.set_yticks(range(len(names)), [_cut(n) for n in names], fontsize=7)
    axes.set_xticks(range(len(order)), [str(k) for k in order], fontsize=7)
    axes.set_xlabel(f"unit of {hidden}", fontsize=8)
    for at in starts[1:]:
        axes.axhline(at - 0.5, color="black", linewidth=0.8)
    axes.set_title(title, fontsize=9, loc="left", x=-left / width + 0.02)
    _bar(made, drawn, axes, "weight (nats)")
    save(made, path)


def associations_beside(
    names: Sequence[str], data: np.ndarray, samples: np.ndarray, path: Path, title: str
) -> None:
    """One square, data below its diagonal and samples above, and all pairs as points: on the line
    where samples go together as the data do.
    """
    count = len(names)
    left = TEXT * max(len(_cut(n)) for n in names) + 0.1
    side = max(2.6, CELL * count)
    made = figure(left + side + 1.1 + 3.4, left + side + 0.5)
    whole = made.get_size_inches()
    axes = made.add_axes((left / whole[0], left / whole[1], side / whole[0], side / whole[1]))
    square = np.where(np.tri(count, k=-1, dtype=bool), data, samples)
    square[np.diag_indices(count)] = np.nan
    high = max(0.1, float(np.nanmax(np.abs(square))))
    from matplotlib import colormaps

    colours = colormaps[COLOURS].with_extremes(bad="0.85")
    drawn = axes.imshow(square, cmap=colours, vmin=-high, vmax=high)
    cut = [_cut(n) for n in names]
    axes.set_yticks(range(count), cut, fontsize=7)
    axes.set_xticks(range(count), cut, fontsize=7, rotation=90)
    axes.set_title(f"{title}: data below the diagonal, samples above", fontsize=9, loc="left")
    _bar(made, drawn, axes, "correlation")
    points = made.add_axes(
        ((left + side + 1.3) / whole[0], left / whole[1], 2.6 / whole[0], 2.6 / whole[1])
    )
    below = np.tri(count, k=-1, dtype=bool) & np.isfinite(data) & np.isfinite(samples)
    x, y = data[below], samples[below]
    limit = 1.1 * max(0.1, float(np.abs(np.concatenate([x, y])).max(initial=0)))
    points.plot([-limit, limit], [-limit, limit], color="0.6", linewidth=0.8)
    points.plot(x, y, ".", markersize=3, color="tab:blue")
    points.set_xlim(-limit, limit)
    points.set_ylim(-limit, limit)
    points.set_xlabel("correlation in the data", fontsize=8)
    points.set_ylabel("in samples", fontsize=8)
    points.tick_params(labelsize=7)
    points.spines[["top", "right"]].set_visible(False)
    error = float(np.sqrt(np.mean((x - y) ** 2))) if x.size else 0.0
    points.set_title(f"{x.size:,} pairs, root mean square difference {error:.3f}", fontsize=8)
    save(made, path)


def _cut(name: str) -> str:
    return name if len(name) <= MAX_LETTERS else name[: MAX_LETTERS - 1] + "…"


def _bar(made: Any, drawn: Any, axes: Any, label: str) -> None:
    bar = made.colorbar(drawn, ax=axes, fraction=0.04, pad=0.03)
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7)
