"""Fields moved by a row: compiled twins of the kinds of op of these names."""

from __future__ import annotations

from ..native import deferred as numba
from .table import kernel

MANY = 1 << 17
"""Entries from which on a pass over an array is worth threads."""


@kernel(MANY, ["eta"])
def shift_rows(a, scale, eta):  # type: ignore[no-untyped-def]  # typed by numba
    for r in numba.prange(eta.shape[0]):
        into, own = eta[r], a[0]
        for p in range(len(into)):
            into[p] += scale * own[p]


@kernel()
def fill(value, out):  # type: ignore[no-untyped-def]  # typed by numba
    for r in range(len(out)):
        out[r] = value
