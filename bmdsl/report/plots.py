"""Pictures from arrays: image tiles and curves.

Nothing is computed here that is not about drawing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import numpy as np

from ..files import put
from .canvas import DPI, Canvas
from .colours import ORANGE, RED_AND_BLUE, SHADES, coloured
from .panels import BAR, NUMBERS, TITLE, colour_bar, panels

GAP, LEAST = 2, 32
"""Pixels between two tiles, and the least that a tile has in its longer side: small images are
magnified by whole numbers.
"""
MARGIN, HEAD, LETTER = 16, 44, 11
"""Pixels about a picture of tiles, above it for its title, and of a letter of the title."""
NUMBERS_OF_BAR = 104
"""Pixels to the right of a bar of colours for its numbers."""
BETWEEN_GREYS, BETWEEN_COLOURS = 89, 191
"""Greys between two tiles."""


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


def figure(width: float, height: float) -> Any:
    """An empty figure that needs no display (inches)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(made)
    return made


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
    picture = montage(scaled, shape, np.nan, columns)
    if len(shape) == 3:
        shown = (255 * np.where(np.isnan(picture), 1.0, picture) + 0.5).astype(np.uint8)
    elif diverging:
        shown = coloured(picture, RED_AND_BLUE, BETWEEN_COLOURS)
    else:
        grey = np.where(np.isnan(picture), BETWEEN_GREYS / 255, picture)
        shown = (255 * grey + 0.5).astype(np.uint8)
    wanted = 0.8 * DPI * min(7.2, max(3.6, shown.shape[1] / 48))
    zoom = max(
        1, round(wanted / shown.shape[1])
    )  # a whole number: all pixels of an image are of one size
    _save_tiles(
        shown.repeat(zoom, axis=0).repeat(zoom, axis=1), path, title, (low, high) if bar else None
    )


def _save_tiles(
    shown: np.ndarray, path: Path, title: str, scale: tuple[float, float] | None
) -> None:
    """The pixels [height, width] or [height, width, 3] with a title above, if there is one, and a
    bar of the diverging colours from `scale`'s first number to its last.
    """
    height, width = shown.shape[:2]
    head = HEAD if title else MARGIN
    beside = MARGIN + BAR + NUMBERS_OF_BAR if scale else 0
    whole = 2 * MARGIN + max(width + beside, LETTER * len(title))
    left = (whole - width - beside) // 2
    canvas = Canvas(whole, MARGIN + height + head, grey=shown.ndim == 2)
    canvas.put(shown, left, head)
    canvas.text(min(left + width / 2, whole / 2), head / 2, title, TITLE)
    if scale is not None:
        tall = 0.62 * height
        top = head + (height - tall) / 2
        colour_bar(canvas, left + width + MARGIN, top, tall, scale, RED_AND_BLUE, "weight")
    canvas.save(path)


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
    canvas, places = panels(len(names))
    for panel, name in zip(places, names, strict=True):
        points = [(float(line["epoch"]), float(line[name])) for line in metrics if name in line]
        panel.span([x for x, _ in points], [y for _, y in points])
        panel.axes(name.replace("_", " "), "epoch", whole="x")
        panel.curve(points, dots=3.5 if len(points) < 30 else 0.0)
    canvas.save(path)


def usage(metrics: Sequence[Mapping[str, Any]], name: str, path: Path) -> None:
    """How often each state of a one-of-K unit was taken: shares over the epochs, and at the end
    from the most used to the least.
    """
    lines = [line for line in metrics if f"usage_{name}" in line]
    shares = np.array([line[f"usage_{name}"] for line in lines]).T
    states, epochs = shares.shape
    canvas, (over, last) = panels(2, 4.0, 2.8)
    over.right -= NUMBERS_OF_BAR
    over.x, over.y = (0.5, epochs + 0.5), (states - 0.5, -0.5)
    over.axes("share of the cases", "epoch", f"state of {name}", whole="xy", grid=False)
    high = float(shares.max()) or 1.0
    size = int(over.bottom - over.top), int(over.right - over.left)
    rows, columns = (np.arange(n) * k // n for n, k in zip(size, shares.shape, strict=True))
    canvas.put(coloured(shares[rows][:, columns] / high, SHADES), over.left, over.top)
    canvas.frame(over.left, over.top, over.right, over.bottom)
    colour_bar(canvas, over.right + MARGIN, over.top, size[0], (0.0, high), SHADES)
    sorted_shares = np.sort(shares[:, -1])[::-1]
    entropy = lines[-1][f"entropy_{name}"]
    last.x, last.y = (-0.75, states - 0.25), (0.0, 1.05 * max(high, 1 / states))
    last.axes(
        f"epoch {lines[-1]['epoch']}: entropy {entropy:.2f} of {np.log(states):.2f} nats",
        f"states of {name}, the most used first",
        whole="x",
        grid=False,
    )
    for k, share in enumerate(sorted_shares):
        last.bars((k - 0.45, k + 0.45), (float(share),))
    last.dashes(ORANGE, y=1 / states)
    canvas.text(last.right, last.down(1 / states) - 4, "even use", NUMBERS, "rs", ORANGE)
    canvas.save(path)


def histograms(values: Mapping[str, np.ndarray], path: Path, label: str) -> None:
    """One panel a name, all on one scale of values."""
    canvas, places = panels(len(values), 3.4)
    high = max(float(x.max()) for x in values.values()) or 1.0
    edges = np.linspace(0, high, 41)
    for panel, (name, x) in zip(places, values.items(), strict=True):
        counts = np.histogram(x, edges)[0]
        panel.x, panel.y = (-0.05 * high, 1.05 * high), (0.0, 1.05 * (float(counts.max()) or 1.0))
        panel.axes(f"{name}: mean {x.mean():.2f}", label, "units", grid=False)
        panel.bars(edges.tolist(), counts.tolist())
        panel.dashes(ORANGE, x=float(x.mean()))
    canvas.save(path)
