"""Windows of time series: each frame with the frames before it, never across the end of a
series.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..language.diagnostics import fail

FORM = re.compile(r"(?P<path>.+?)\s+windows\((?P<length>[^()]*)\)\s*", re.DOTALL)


def split_windows(spec: str) -> tuple[str, int | None]:
    """`series.npy windows(3)` as its file and T; any other text with None.

    Raises BM822 if T is no whole number of at least 1.
    """
    match = FORM.fullmatch(spec)
    if match is None:
        return spec, None
    length = match["length"].strip()
    if not length.isdecimal() or int(length) < 1:
        what = f"`windows({length})` has no whole number of past frames"
        raise fail("BM822", what, help="for instance `series.npy windows(3)`")
    return match["path"], int(length)


def windows(
    x: Any,
    T: int,  # noqa: N803  # the letter of the model's past[T, D]
    boundaries: Sequence[int] = (),
    past: str = "past",
    present: str = "v",
) -> dict[str, np.ndarray]:
    """Every frame with the T frames before it: past [cases, T, *axes], oldest first; v [cases,
    *axes].

    `x` is one series [frames, *axes], or a list of them. A frame that is NaN throughout ends a
    series and belongs to none; `boundaries` are the frames at which a new series begins. `past`
    and `present` name the model's groups. Raises BM822 if T is no whole number of at least 1,
    BM823 for series of different shapes, BM824 if none has more than T frames.
    """
    if isinstance(T, bool) or not isinstance(T, int | np.integer) or T < 1:
        what = f"windows of {T} past frames"
        raise fail("BM822", what, help="a whole number of at least 1")
    whole = [np.asarray(s) for s in x] if isinstance(x, list | tuple) else [np.asarray(x)]
    shapes = {s.shape[1:] for s in whole if s.ndim}
    if len(shapes) != 1 or any(s.ndim == 0 for s in whole):
        found = ", ".join(str(s.shape) for s in whole)
        raise fail(
            "BM823",
            f"time series are [frames, *axes] with the same axes, these have the shapes {found}",
            help="choose arrays of one kind; of an .npz every array is a series",
        )
    parts = [p for s in whole for p in _series(s, boundaries)]
    long = [p for p in parts if len(p) > T]
    if not long:
        most = max((len(p) for p in parts), default=0)
        raise fail(
            "BM824",
            f"no series has more than {T:,} frames: the longest has {most:,}",
            help="shorter windows, or longer series",
        )
    before = [np.stack([p[k : len(p) - T + k] for k in range(T)], axis=1) for p in long]
    return {past: np.concatenate(before), present: np.concatenate([p[T:] for p in long])}


def _series(x: np.ndarray, boundaries: Sequence[int]) -> list[np.ndarray]:
    """Runs of frames between gaps and boundaries."""
    gap = np.zeros(len(x), bool)
    if x.dtype.kind == "f" and x.size:
        gap = np.isnan(x.reshape(len(x), -1)).all(axis=1)
    out = []
    for part in np.split(np.arange(len(x)), sorted({int(b) for b in boundaries})):
        cuts = np.flatnonzero(gap[part])
        out += [x[run[~gap[run]]] for run in np.split(part, cuts)]
    return [p for p in out if len(p)]
