"""Pictures from arrays: image tiles and curves.

Nothing is computed here that is not about drawing.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import ceil, sqrt
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from ..files import put

COLUMNS = 4
GAP, LEAST = 2, 32
"""Pixels between two tiles, and the least that a tile has in its longer side: small images are
magnified by whole numbers.
"""
DPI = 160
FAST = 1
"""The zlib level of a PNG: pictures of few colours are hardly smaller at others."""
MARGIN, HEAD, BAR, LABELS, LETTER = 16, 44, 24, 104, 11
"""Pixels about a picture of tiles, above it for its title, to the right for a bar of colours and
its numbers, and of a letter of the title.
"""
PANEL_WIDTH, PANEL_HEIGHT = 3.2, 2.4
LEFT, RIGHT, BOTTOM, TOP = 0.58, 0.08, 0.48, 0.3
"""Inches of a panel that its numbers, labels and title take: known beforehand, so that nothing is
drawn to be measured. A title at a given height
is not measured either."""


def save(figure: Any, path: Path) -> None:
    """Writes a figure, cut to what it shows, beside its place, then renames; the suffix gives the
    format.
    """
    undated = {"metadata": {"Date": None}} if path.suffix == ".svg" else {}
    put(
        path,
        lambda beside: figure.savefig(
            beside, dpi=DPI, bbox_inches="tight", facecolor="white", **undated
        ),
    )


def save_whole(
    figure: Any, path: Path, pixels: np.ndarray | None = None, corner: tuple[int, int] = (0, 0)
) -> None:
    """Writes a figure whose layout is final as a PNG beside its place, then renames: it is drawn
    once.

    `pixels` [height, width, 3] are put on it as they are, their upper left one at `corner`, row and
    column.
    """
    from PIL import Image

    figure.canvas.draw()
    drawn = np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
    if pixels is not None:
        (top, left), (height, width) = corner, pixels.shape[:2]
        drawn[top : top + height, left : left + width] = pixels
    put(
        path,
        lambda beside: Image.fromarray(drawn).save(beside, compress_level=FAST, dpi=(DPI, DPI)),
    )


def figure(width: float, height: float) -> Any:
    """An empty figure that needs no display (inches)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(made)
    return made


def load_library() -> None:
    """Has matplotlib loaded by a thread of its own, while compiled code works without Python: half
    a second that pictures need not wait for then.
    """

    def load() -> None:
        with suppress(Exception):  # pictures load it again, and say what is wrong
            figure(1, 1)

    if "matplotlib.figure" not in sys.modules:
        Thread(target=load, name="pictures").start()


def panels(
    count: int, width: float = PANEL_WIDTH, height: float = PANEL_HEIGHT
) -> tuple[Any, list[Any]]:
    """A figure of `count` panels of this size in rows of COLUMNS (inches), and their axes."""
    columns, rows = min(count, COLUMNS), ceil(count / COLUMNS)
    made = figure(width * columns, height * rows)
    inside = (width - LEFT - RIGHT) / (width * columns), (height - BOTTOM - TOP) / (height * rows)
    out = []
    for k in range(count):
        row, column = divmod(k, COLUMNS)
        left, bottom = (
            (column * width + LEFT) / (width * columns),
            ((rows - 1 - row) * height + BOTTOM) / (height * rows),
        )
        axes = made.add_axes((left, bottom, *inside))
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=7)
        axes.locator_params(nbins=6)
        out.append(axes)
    return made, out


def montage(
    images: np.ndarray, shape: Sequence[int], blank: float, columns: int | None = None
) -> np.ndarray:
    """[n, size] → one picture, tile beside tile in rows, about as wide as high or of so many
    columns; `blank` between them. Colours are the first
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


def tiles(
    images: np.ndarray,
    shape: Sequence[int],
    path: Path,
    title: str,
    diverging: bool,
    columns: int | None = None,
) -> None:
    """Images side by side, about as wide as high or in so many columns.

    `diverging`: weights, red positive, blue negative, white 0, one symmetric scale; else grey from
    lowest to highest.
    """
    flat = np.asarray(images, np.float64).reshape(len(images), -1)
    high = (
        float(np.nanpercentile(np.abs(flat), 99.5))
        if diverging
        else float(np.nanpercentile(flat, 99.8))
    )
    low = -high if diverging else float(np.nanpercentile(flat, 0.2))
    high = high if high > low else low + 1
    scaled = np.clip((flat - low) / (high - low), 0, 1)
    bar = diverging and len(shape) < 3
    if len(shape) == 3:
        picture = montage(scaled, shape, np.nan, columns)
        coloured = np.where(np.isnan(picture), 1.0, picture)
    else:
        from matplotlib import colormaps

        colours = colormaps["RdBu_r" if diverging else "gray"].with_extremes(
            bad="0.75" if diverging else "0.35"
        )
        coloured = colours(np.ma.masked_invalid(montage(scaled, shape, np.nan, columns)))[..., :3]
    wanted = 0.8 * DPI * min(7.2, max(3.6, coloured.shape[1] / 48))
    zoom = max(
        1, round(wanted / coloured.shape[1])
    )  # a whole number: all pixels of an image are of one size
    _save_tiles(
        (255 * coloured + 0.5).astype(np.uint8).repeat(zoom, axis=0).repeat(zoom, axis=1),
        path,
        title,
        (low, high) if bar else None,
    )


def _save_tiles(
    pixels: np.ndarray, path: Path, title: str, scale: tuple[float, float] | None
) -> None:
    """The pixels [height, width, 3] with a title above, if there is one, and a bar of the
    diverging colours from `scale`'s first number to its last.
    """
    height, width = pixels.shape[:2]
    head = HEAD if title else MARGIN
    beside = MARGIN + BAR + LABELS if scale else 0
    whole_width, whole_height = (
        2 * MARGIN + max(width + beside, LETTER * len(title)),
        MARGIN + height + head,
    )
    left = (whole_width - width - beside) // 2
    made = figure(whole_width / DPI, whole_height / DPI)
    made.text(
        min(left + width / 2, whole_width / 2) / whole_width,
        1 - head / 2 / whole_height,
        title,
        fontsize=9,
        ha="center",
        va="center",
    )
    if scale is not None:
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        tall = 0.62 * height
        place = (
            (left + width + MARGIN) / whole_width,
            (MARGIN + (height - tall) / 2) / whole_height,
            BAR / whole_width,
            tall / whole_height,
        )
        axes = made.add_axes(place)
        bar = made.colorbar(ScalarMappable(Normalize(*scale), "RdBu_r"), cax=axes)
        bar.set_label("weight", fontsize=8)
        bar.ax.tick_params(labelsize=7)
    save_whole(made, path, pixels, (head, left))


def pairs(
    above: np.ndarray, below: np.ndarray, shape: Sequence[int], path: Path, title: str, columns: int
) -> None:
    """Rows of images, each above a row of what belongs to them."""
    a, b = (np.asarray(x, np.float64).reshape(len(x), -1) for x in (above, below))
    width = min(columns, len(a))
    whole = len(a) - len(a) % width
    rows = [
        part for lo in range(0, whole, width) for part in (a[lo : lo + width], b[lo : lo + width])
    ]
    tiles(np.concatenate(rows), shape, path, title, diverging=False, columns=width)


def curves(metrics: Sequence[Mapping[str, Any]], path: Path) -> None:
    """One small panel a figure of metrics.jsonl, against the epoch; figures that never change are
    left out.
    """
    found = dict.fromkeys(
        n for line in metrics for n, x in line.items() if isinstance(x, int | float)
    )
    names = [n for n in found if n not in ("epoch", "update", "seconds")]
    names = [n for n in names if len({line[n] for line in metrics if n in line}) > 1] or names[:1]
    made, places = panels(len(names))
    for axes, name in zip(places, names, strict=True):
        points = [(line["epoch"], line[name]) for line in metrics if name in line]
        axes.plot(
            [x for x, _ in points],
            [y for _, y in points],
            color="#1f4e79",
            lw=1.4,
            marker="o" if len(points) < 30 else "",
            ms=2.5,
        )
        axes.set_title(name.replace("_", " "), fontsize=9, y=1.0)
        axes.set_xlabel("epoch", fontsize=8)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.ticklabel_format(axis="y", useOffset=False)
        axes.grid(alpha=0.25, lw=0.5)
    save_whole(made, path)


def usage(metrics: Sequence[Mapping[str, Any]], name: str, path: Path) -> None:
    """How often each state of a one-of-K unit was taken: shares over the epochs, and at the end
    from the most used to the least.
    """
    lines = [line for line in metrics if f"usage_{name}" in line]
    shares = np.array([line[f"usage_{name}"] for line in lines]).T
    states, epochs = shares.shape
    made, (axes, last) = panels(2, 4.0, 2.8)
    drawn = axes.imshow(
        shares,
        aspect="auto",
        cmap="viridis",
        vmin=0,
        interpolation="nearest",
        extent=(0.5, epochs + 0.5, states - 0.5, -0.5),
    )
    axes.set_xlabel("epoch", fontsize=8)
    axes.set_ylabel(f"state of {name}", fontsize=8)
    axes.spines[["top", "right"]].set_visible(True)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.yaxis.get_major_locator().set_params(integer=True)
    made.colorbar(drawn, ax=axes, fraction=0.05, pad=0.02).ax.tick_params(labelsize=7)
    axes.set_title("share of the cases", fontsize=9, y=1.0)
    last.bar(np.arange(states), np.sort(shares[:, -1])[::-1], width=0.9, color="#1f4e79")
    last.axhline(1 / states, color="#b3541e", lw=1, ls="--")
    last.annotate(
        "even use", (states - 0.5, 1 / states), fontsize=7, color="#b3541e", ha="right", va="bottom"
    )
    last.set_xlabel(f"states of {name}, the most used first", fontsize=8)
    entropy = lines[-1][f"entropy_{name}"]
    last.set_title(
        f"epoch {lines[-1]['epoch']}: entropy {entropy:.2f} of {np.log(states):.2f} nats",
        fontsize=9,
        y=1.0,
    )
    save_whole(made, path)


def histograms(values: Mapping[str, np.ndarray], path: Path, label: str) -> None:
    """One panel a name, all on one scale of values."""
    made, places = panels(len(values), 3.4)
    high = max(float(x.max()) for x in values.values()) or 1.0
    edges = np.linspace(0, high, 41)
    for axes, (name, x) in zip(places, values.items(), strict=True):
        axes.stairs(np.histogram(x, edges)[0], edges, fill=True, color="#1f4e79")
        axes.axvline(float(x.mean()), color="#b3541e", lw=1, ls="--")
        axes.set_title(f"{name}: mean {x.mean():.2f}", fontsize=9, y=1.0)
        axes.set_xlabel(label, fontsize=8)
        axes.set_ylabel("units", fontsize=8)
    save_whole(made, path)
