"""Fields on the way from one machine's to another's."""

from __future__ import annotations

from ..native import deferred as numba


@numba.njit(cache=True, parallel=True, nogil=True, error_model="numpy")
def blend(eta, a, beta, out):  # type: ignore[no-untyped-def]  # typed by numba
    """out = (1 − β) a + β η for η [rows, n], a [n]; `out` may be η."""
    rest = 1 - beta
    for r in numba.prange(eta.shape[0]):
        for p in range(len(a)):
            out[r, p] = rest * a[p] + beta * eta[r, p]
