"""Grey patches of the two photographs that come with scikit-learn: natural images without a
download.

China: Fritz Mayer; flower: dany13 (both CC BY); scikit-learn, `load_sample_images`.
"""

from __future__ import annotations

import numpy as np

from ...language.diagnostics import fail
from ...language.vocabulary import Word
from ...plan.streams import fixed_generator
from ..dataset import Dataset

WORD = Word(
    "patches",
    summary="40,000 + 10,000 patches, 8x8, of two photographs, in [0, 1]; comes with scikit-learn",
)
PARTS = ("train", "test")
SIDE, COUNTS = 8, {"train": 40_000, "test": 10_000}


def load(part: str = "train") -> Dataset:
    """float32 [40000 or 10000, 8, 8]: grey levels from 0 to 1."""
    generator = fixed_generator("TRAINING_PATCHES" if part == "train" else "TEST_PATCHES")
    grey = [photo.mean(axis=2) / 255 for photo in photographs()]
    return Dataset(
        WORD.name,
        pieces(grey, COUNTS[part], SIDE, generator).astype(np.float32),
        None,
        f"patches ({part})",
    )


def photographs() -> list[np.ndarray]:
    """Both photographs, [427, 640, 3]. BmError BM706 without scikit-learn."""
    try:
        from sklearn.datasets import load_sample_images
    except ImportError as problem:
        raise fail(
            "BM706",
            "patches of photographs need the packages scikit-learn and pillow",
            help="pip install scikit-learn pillow",
        ) from problem
    return [np.asarray(photo, np.float64) for photo in load_sample_images().images]


def pieces(
    images: list[np.ndarray], count: int, side: int, generator: np.random.Generator
) -> np.ndarray:
    """`count` squares from places drawn evenly over all images: [count, side, side, ...]."""
    which = generator.integers(len(images), size=count)
    corners = [
        (
            generator.integers(images[w].shape[0] - side + 1),
            generator.integers(images[w].shape[1] - side + 1),
        )
        for w in which
    ]
    return np.stack(
        [images[w][y : y + side, x : x + side] for w, (y, x) in zip(which, corners, strict=True)]
    )
