"""The arrays of listed couplings that routines are bound to."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..plan.identifiers import identifier
from .listing import Listing

Array = np.ndarray
SHIFTED = ("other", "more_other")
"""Arrays of columns, which count from the first of the group that states are taken of."""


def listed_array(listing: Listing, source: tuple[str, ...], dtype: np.dtype[Any]) -> Array | None:
    """The array of this source, None if it is none of listed couplings.

    `("incidence", part, target, terms, group)`: a part of the target's couplings; `group` is empty
    if columns are those of all listed groups side by side. `("coupling values",)`,
    `("gathered", part, target, terms)` and `("coupling moment", term)` are room for numbers.
    """
    kind, *rest = source or ("",)
    if kind == "coupling values":
        return np.zeros(listing.count, dtype)
    if kind in ("cells", "tiles", "alike values", "alike moment", "moment parts"):
        return _of_stencils(listing, source, dtype)
    if kind == "site values":
        return np.zeros(len(listing.sites(rest[0])["source"]), dtype)
    if kind == "sites":
        return listing.sites(rest[1])[rest[0]]
    if kind == "coupling moment":
        return np.zeros(listing.counts[int(rest[0])], dtype)
    if kind == "units of couplings":
        return listing.units_of(int(rest[1]))[("begin", "column").index(rest[0])]
    if kind == "colours":
        order, classes = listing.colours(rest[1])
        return np.ascontiguousarray(order if rest[0] == "order" else classes, np.int64)
    if kind in ("incidence", "gathered"):
        part, target, terms = rest[:3]
        incidence = listing.incidence(target, tuple(int(t) for t in terms.split()))
        array: Array = getattr(incidence, part)
        if kind == "gathered":
            return np.zeros(len(array), dtype)
        return _shifted(listing, array, rest[3]) if part in SHIFTED else array
    return None


def listed_numbers(listing: Listing) -> dict[str, int]:
    """Where terms begin in the list of all values, and groups in the columns of all
    listed groups.
    """
    firsts = {f"first_{t}": k for t, k in listing.first.items()}
    if listing.stencils is not None:
        firsts |= {f"first_alike_{t}": k for t, k in listing.stencils.first.items()}
    return firsts | {f"offset_{identifier(n)}": k for n, k in listing.offset.items()}


def _of_stencils(listing: Listing, source: tuple[str, ...], dtype: np.dtype[Any]) -> Array | None:
    """`("cells", part, group, terms)`, `("tiles", part, group)`, and room for `("alike values",)`,
    `("alike moment", term)` and `("moment parts", term, copies)`.
    """
    if listing.stencils is None:
        return None
    if source[0] == "alike values":
        return np.zeros(listing.stencils.count, dtype)
    if source[0] == "alike moment":
        return np.zeros(listing.stencils.values_of[int(source[1])], dtype)
    if source[0] == "moment parts":
        return np.zeros(listing.stencils.values_of[int(source[1])] * int(source[2]))
    part, name = source[1:3]
    if source[0] == "cells":
        terms = tuple(int(t) for t in source[3].split())
        return listing.stencils.cells(name, terms).arrays[part]
    found: Array = getattr(listing.stencils.tiles(name), part)
    return found


def _shifted(listing: Listing, columns: Array, group: str) -> Array:
    return columns - np.int32(listing.offset[group]) if group else columns
