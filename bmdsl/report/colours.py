"""Colours of pictures, and scales that numbers from 0 to 1 have in them."""

from __future__ import annotations

import numpy as np

BLUE, ORANGE, PALE_BLUE = (31, 78, 121), (179, 84, 30), (122, 156, 192)
GREY, GRID = (178, 178, 178), (235, 235, 235)
RED_AND_BLUE = (
    *((5, 48, 97), (33, 102, 172), (67, 147, 195), (146, 197, 222), (209, 229, 240)),
    *((247, 247, 247), (253, 219, 199), (244, 165, 130), (214, 96, 77), (178, 24, 43)),
    (103, 0, 31),
)
"""Blue, white, red: Cynthia Brewer's scale for what goes to both sides of a middle."""
SHADES = ((255, 255, 255), (209, 222, 236), (122, 156, 192), (31, 78, 121), (12, 33, 54))
"""White to a dark blue: for shares."""


def coloured(
    x: np.ndarray, scale: tuple[tuple[int, int, int], ...], missing: int = 0
) -> np.ndarray:
    """Numbers from 0 to 1 as pixels [..., 3] between the colours of a scale; NaN is the grey
    `missing`.
    """
    anchors = np.array(scale, np.float64)
    table = np.stack(
        [np.interp(np.linspace(0, 1, 256), np.linspace(0, 1, len(scale)), c) for c in anchors.T],
        axis=1,
    )
    table = np.concatenate([table + 0.5, [[missing] * 3]]).astype(np.uint8)
    places = np.where(np.isnan(x), 256.0, np.clip(x, 0, 1) * 255 + 0.5)
    return table[places.astype(np.intp)]
