"""Runs the transforms that a train block lists, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..language.diagnostics import fail, near
from ..registry import discover

_TRANSFORMS = "bmdsl.data.transforms"


def transform(
    values: np.ndarray,
    steps: Sequence[tuple[str, Mapping[str, float | int | str | bool]]],
    generator: np.random.Generator,
    reference: np.ndarray | None = None,
) -> np.ndarray:
    """`values` after each (name, options) in turn. `reference`: the untransformed training cases, for test data."""
    known = discover(_TRANSFORMS)
    for name, options in steps:
        if name not in known:
            guess = near(name, known)
            listing = "transforms are " + ", ".join(f"`{n}`" for n in known)
            raise fail("BM720", f"there is no transform `{name}`", help=f"did you mean `{guess}`?" if guess else listing)
        values = known[name].apply(values, generator, reference=reference, **options)
        if reference is not None:
            reference = known[name].apply(reference, generator, **options)
    return values


def gives_means(names: Sequence[str]) -> bool:
    """Whether one of these transforms leaves means of units rather than states (its module says `MEANS = True`)."""
    known = discover(_TRANSFORMS)
    return any(getattr(known[name], "MEANS", False) for name in names if name in known)
