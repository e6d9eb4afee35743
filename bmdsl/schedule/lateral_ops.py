"""Kinds of op for groups whose units are coupled by a matrix: the matrix in both orders, its
diagonal, and limits.

Matrices are [column, column] of one group.
"""

from __future__ import annotations

import numpy as np

from .ops import op, reads, updates, whole, writes

Array = np.ndarray


@op("{M} = {M} + {M}ᵀ, 0 within a unit", "ii", M=updates(), states=whole())
def fold_pairs(M: Array, states: int) -> None:
    """Both orders of a pair together, and no coupling of a unit with itself: 0 in blocks of
    `states`.
    """
    M += M.T.copy()
    for p in range(0, len(M), states):
        M[p : p + states, p : p + states] = 0


@op("{b} += diag({M})", "ii oi", M=reads(), b=updates())
def add_diagonal(M: Array, b: Array) -> None:
    """Adds what a unit's pair with itself is: a field on that unit."""
    b[0] += np.diagonal(M)


@op(
    "diag({S}) = {x}, 0 for other pairs within a unit",
    "oi ii",
    x=reads(),
    states=whole(),
    S=updates(),
)
def set_diagonal(x: Array, states: int, S: Array) -> None:
    """The moments of units with themselves: two states of one unit are never on together."""
    for p in range(0, len(S), states):
        S[p : p + states, p : p + states] = 0
    np.fill_diagonal(S, x[0])


@op(
    "the largest |{x}|, of what came before too",
    "rc n",
    apart="far",
    x=reads(),
    far=updates(1, "f8"),
)
def watch_states(x: Array, far: Array) -> None:
    """How far units have gone; infinite if one is not a number."""
    largest = np.abs(x).max(initial=0.0)
    far[0] = max(far[0], np.inf if np.isnan(largest) else float(largest))


@op(
    "the largest field {eta2} on a square",
    "rc n",
    apart="most",
    eta2=reads(),
    most=updates(1, "f8"),
)
def watch_fields(eta2: Array, most: Array) -> None:
    """The largest field on x², which must leave a unit some precision; infinite if one is not a
    number.
    """
    largest = eta2.max(initial=0.0)
    most[0] = max(most[0], np.inf if np.isnan(largest) else float(largest))


@op("{trace} = tr {M}", M=reads(), trace=writes())
def set_trace(M: Array, trace: Array) -> None:
    """The sum of the diagonal."""
    trace[0, 0] = np.trace(M, dtype=np.float64)
