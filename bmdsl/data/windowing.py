"""From `series.npy windows(3)` to the arrays of a model's past and present."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..language.decoding import decoding
from ..language.diagnostics import fail
from ..language.model import Model
from .archives import names_in
from .load import holds_several
from .load import load as load_data
from .series import windows


def windowed(path: str, length: int, model: Model, part: str) -> dict[str, np.ndarray]:
    """Windows of the series in a file, of each array of an .npz: given group → past, visible →
    present.

    Raises BM825 if the model is not one of a given past[T, ...] and a visible v[...].
    """
    given = [g for g in model.groups if g.role == "given"]
    visible = [g for g in model.groups if g.role == "visible"]
    if len(given) != 1 or len(visible) != 1 or len(given[0].shape) != len(visible[0].shape) + 1:
        raise fail(
            "BM825",
            f"`{model.name}` has no past and present for windows",
            help=(
                "they are for models of one given group, `past[T, D]`, and one visible, `v[D]`; "
                "for others, `bmdsl.data.windows` in Python"
            ),
        )
    several = holds_several(path) and path.lower().endswith(".npz")
    keys = [f"{path}:{key}" for key in _names(path)] if several else [path]
    series = [load_data(key, part).values for key in keys]
    return windows(series, length, past=given[0].name, present=visible[0].name)


def _names(path: str) -> list[str]:
    with decoding("BM703", f"`{path}` cannot be read as `.npz`"):
        return names_in(Path(path).expanduser())
