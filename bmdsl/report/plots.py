"""Pictures from arrays: image tiles and curves. Nothing is computed here that is not about drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import numpy as np

from ..files import put

COLUMNS = 4
GAP, LEAST = 2, 32
"""Pixels between two tiles, and the least that a tile has in its longer side: small images are magnified by whole numbers."""


def save(figure: Any, path: Path) -> None:
    """Writes a figure beside its place, then renames; the suffix gives the format."""
    undated = {"metadata": {"Date": None}} if path.suffix == ".svg" else {}
    put(path, lambda beside: figure.savefig(beside, dpi=160, bbox_inches="tight", facecolor="white", **undated))


def figure(width: float, height: float) -> Any:
    """An empty figure that needs no display (inches)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height))
    FigureCanvasAgg(made)
    return made


def montage(images: np.ndarray, shape: Sequence[int], blank: float, columns: int | None = None) -> np.ndarray:
    """[n, size] → one picture, tile beside tile in rows, about as wide as high or of so many columns; `blank` between them. Colours are the first
    or the last axis of `shape`."""
    n, small = len(images), np.asarray(images, np.float64).reshape(len(images), *shape)
    if len(shape) == 3 and shape[0] == 3:  # colours first
        small, shape = np.moveaxis(small, 1, 3), (*shape[1:], 3)
    zoom = max(1, LEAST // max(shape[:2]))
    large = small.repeat(zoom, axis=1).repeat(zoom, axis=2)
    height, width, *colours = large.shape[1:]
    columns = columns or max(1, min(n, round(sqrt(n * height / width))))
    rows = ceil(n / columns)
    out = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, *colours), blank)
    for k, image in enumerate(large):
        y, x = (k // columns) * (height + GAP), (k % columns) * (width + GAP)
        out[y : y + height, x : x + width] = image
    return out


def tiles(images: np.ndarray, shape: Sequence[int], path: Path, title: str, diverging: bool, columns: int | None = None) -> None:
    """Images side by side, about as wide as high or in so many columns.

    `diverging`: red positive, blue negative, white 0, one symmetric scale; else grey from lowest to highest."""
    flat = np.asarray(images, np.float64).reshape(len(images), -1)
    high = float(np.nanpercentile(np.abs(flat), 99.5)) if diverging else float(np.nanpercentile(flat, 99.8))
    low = -high if diverging else float(np.nanpercentile(flat, 0.2))
    high = high if high > low else low + 1
    picture = montage(flat, shape, np.nan, columns)
    width = min(7.2, max(3.6, picture.shape[1] / 48))
    made = figure(width, width * picture.shape[0] / picture.shape[1] + 0.4)
    axes = made.add_subplot()
    axes.set_axis_off()
    axes.set_title(title, fontsize=9)
    if len(shape) == 3:
        scaled = np.clip((picture - low) / (high - low), 0, 1)
        axes.imshow(np.where(np.isnan(scaled), 1.0, scaled), interpolation="nearest")
    else:
        from matplotlib import colormaps

        colours = colormaps["RdBu_r" if diverging else "gray"].with_extremes(bad="0.75" if diverging else "0.35")
        drawn = axes.imshow(np.ma.masked_invalid(picture), cmap=colours, vmin=low, vmax=high, interpolation="nearest")
        if diverging:
            bar = made.colorbar(drawn, ax=axes, fraction=0.03, pad=0.02)
            bar.ax.tick_params(labelsize=7)
    save(made, path)


def pairs(above: np.ndarray, below: np.ndarray, shape: Sequence[int], path: Path, title: str, columns: int) -> None:
    """Rows of images, each above a row of what belongs to them."""
    a, b = (np.asarray(x, np.float64).reshape(len(x), -1) for x in (above, below))
    width = min(columns, len(a))
    whole = len(a) - len(a) % width
    rows = [part for lo in range(0, whole, width) for part in (a[lo : lo + width], b[lo : lo + width])]
    tiles(np.concatenate(rows), shape, path, title, diverging=False, columns=width)


def curves(metrics: Sequence[Mapping[str, Any]], path: Path) -> None:
    """One small panel a figure of metrics.jsonl, against the epoch; figures that never change are left out."""
    found = dict.fromkeys(n for line in metrics for n, x in line.items() if isinstance(x, int | float))
    names = [n for n in found if n not in ("epoch", "update", "seconds")]
    names = [n for n in names if len({line.get(n) for line in metrics}) > 1] or names[:1]
    columns = min(len(names), COLUMNS)
    made = figure(3.2 * columns, 2.4 * ceil(len(names) / columns))
    for k, name in enumerate(names):
        axes = made.add_subplot(ceil(len(names) / columns), columns, k + 1)
        points = [(line["epoch"], line[name]) for line in metrics if name in line]
        axes.plot([x for x, _ in points], [y for _, y in points], color="#1f4e79", lw=1.4, marker="o" if len(points) < 30 else "", ms=2.5)
        axes.set_title(name.replace("_", " "), fontsize=9)
        axes.set_xlabel("epoch", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.ticklabel_format(axis="y", useOffset=False)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25, lw=0.5)
    made.tight_layout()
    save(made, path)


def usage(metrics: Sequence[Mapping[str, Any]], name: str, path: Path) -> None:
    """How often each state of a one-of-K unit was taken: shares over the epochs, and at the end from the most used to the least."""
    lines = [line for line in metrics if f"usage_{name}" in line]
    shares = np.array([line[f"usage_{name}"] for line in lines]).T
    states, epochs = shares.shape
    made = figure(8, 2.8)
    axes = made.add_subplot(1, 2, 1)
    drawn = axes.imshow(shares, aspect="auto", cmap="viridis", vmin=0, interpolation="nearest", extent=(0.5, epochs + 0.5, states - 0.5, -0.5))
    axes.set_xlabel("epoch", fontsize=8)
    axes.set_ylabel(f"state of {name}", fontsize=8)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.yaxis.get_major_locator().set_params(integer=True)
    made.colorbar(drawn, ax=axes, fraction=0.05, pad=0.02).ax.tick_params(labelsize=7)
    axes.set_title("share of the cases", fontsize=9)
    last = made.add_subplot(1, 2, 2)
    last.bar(np.arange(states), np.sort(shares[:, -1])[::-1], width=0.9, color="#1f4e79")
    last.axhline(1 / states, color="#b3541e", lw=1, ls="--")
    last.annotate("even use", (states - 0.5, 1 / states), fontsize=7, color="#b3541e", ha="right", va="bottom")
    last.set_xlabel(f"states of {name}, the most used first", fontsize=8)
    entropy = lines[-1][f"entropy_{name}"]
    last.set_title(f"epoch {lines[-1]['epoch']}: entropy {entropy:.2f} of {np.log(states):.2f} nats", fontsize=9)
    last.spines[["top", "right"]].set_visible(False)
    for a in (axes, last):
        a.tick_params(labelsize=7)
    made.tight_layout()
    save(made, path)


def histograms(values: Mapping[str, np.ndarray], path: Path, label: str) -> None:
    """One panel a name, all on one scale of values."""
    made = figure(3.4 * min(len(values), COLUMNS), 2.4 * ceil(len(values) / COLUMNS))
    high = max(float(x.max()) for x in values.values()) or 1.0
    for k, (name, x) in enumerate(values.items()):
        axes = made.add_subplot(ceil(len(values) / COLUMNS), min(len(values), COLUMNS), k + 1)
        axes.hist(x, bins=np.linspace(0, high, 41), color="#1f4e79")
        axes.axvline(float(x.mean()), color="#b3541e", lw=1, ls="--")
        axes.set_title(f"{name}: mean {x.mean():.2f}", fontsize=9)
        axes.set_xlabel(label, fontsize=8)
        axes.set_ylabel("units", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    made.tight_layout()
    save(made, path)
