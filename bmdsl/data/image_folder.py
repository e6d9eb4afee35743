"""A folder of images as cases: grey [cases, rows, columns] or colour [cases, rows, columns, 3], in
[0, 1]. Needs Pillow.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..language.decoding import decoding
from ..language.diagnostics import fail
from .dataset import Dataset
from .folders import SUFFIXES, images_in
from .memory import verify_affordable
from .notice import say
from .packages import needed
from .streams.shards import files_in, streamable

MAX_ENTRIES = 1 << 30
"""Most values of all images together."""


def image_files(folder: Path) -> list[Path]:
    """The images of a folder and of the folders in it, by name."""
    return sorted(images_in(folder))


def load_images(folder: Path) -> Dataset:
    """All images of a folder; folders in it are classes, whose numbers (by name, from 0) are the
    labels.

    Raises BM706 without Pillow, BM703 for a damaged image, BM711 for images of different sizes,
    BM701 for no image.
    """
    Image = needed("PIL.Image", "Pillow", "reading images", "'bmdsl[images]'")
    files = image_files(folder)
    if not files and files_in(folder):
        raise fail(
            "BM701",
            f"`{folder}` is a folder of shards, one array is needed here",
            help=f"give one of them, as `{files_in(folder)[0]}`",
        )
    if not files:
        raise fail(
            "BM701",
            f"the folder `{folder}` has neither images nor shards",
            help=f"images are {', '.join(sorted(SUFFIXES))}; shards"
            f" {', '.join(f'.{s}' for s in streamable())}",
        )
    pictures: list[np.ndarray] = []
    for path in files:
        with decoding("BM703", f"`{path}` is no image that can be read"), Image.open(path) as image:
            verify_affordable(f"`{path}`", 4 * image.width * image.height)
            grey = image.mode in ("1", "L", "I;16", "LA")
            pictures.append(np.asarray(image.convert("L" if grey else "RGB")))
        if pictures[-1].shape[:2] != pictures[0].shape[:2]:
            sizes = [f"{p.shape[1]}×{p.shape[0]}" for p in (pictures[0], pictures[-1])]
            message = f"`{path}` has {sizes[1]} pixels, `{files[0].name}` has {sizes[0]}"
            raise fail("BM711", message, help="crop or resize the images to one size first")
        if len(files) * pictures[0].size > MAX_ENTRIES:
            raise fail(
                "BM711",
                f"{len(files):,} images of {pictures[0].size:,} values are too many to hold",
                help="smaller images",
            )
    if any(p.ndim == 3 for p in pictures):
        pictures = [p if p.ndim == 3 else np.repeat(p[:, :, None], 3, axis=2) for p in pictures]
    classes = sorted({p.parent.relative_to(folder).as_posix() for p in files})
    labels = (
        np.array([classes.index(p.parent.relative_to(folder).as_posix()) for p in files])
        if len(classes) > 1
        else None
    )
    rows, columns = pictures[0].shape[:2]
    kind = "colour" if pictures[0].ndim == 3 else "grey"
    found = (
        f", {len(classes)} classes: {', '.join(classes[:8])}{', ...' if len(classes) > 8 else ''}"
        if labels is not None
        else ""
    )
    say(
        f"`{folder}`: {len(files):,} {kind} images of {columns}×{rows} pixels, values divided by"
        f" 255{found}"
    )
    return Dataset(
        str(folder), np.stack(pictures).astype(np.float32) / np.float32(255), labels, str(folder)
    )
