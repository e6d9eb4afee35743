"""Whether ½ xᵀQx is above 0 for every x in a cone and every Q of a family: proofs, and exact
answers where they are few.

A family is a matrix known up to a radius: Q_ij in mid_ij ± radius_ij, the diagonal at its least.
Units x ≥ 0 are `nonneg`, others any real number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from ..plan.streams import fixed_generator

Array = np.ndarray
SMALL_CONE = 9
"""Most units x ≥ 0 whose copositivity is decided exactly: it takes one eigenproblem a subset."""
ROUNDING = 1e-12
"""Below this share of the largest entry an eigenvalue counts as 0."""


@dataclass(frozen=True)
class Family:
    """Matrices mid ± radius [n, n] over units of which `nonneg` [n] are at least 0; `basis` [n, k]
    spans the x that count (None: all).
    """

    mid: Array
    radius: Array
    nonneg: Array
    basis: Array | None = None

    def less(self, slack: float) -> Family:
        """The family with every eigenvalue lower by `slack`."""
        return replace(self, mid=self.mid - slack * np.eye(len(self.mid)))

    def over(self, basis: Array) -> Family:
        """The family restricted to the span of orthonormal columns."""
        return replace(self, basis=basis)


def is_positive(a: Array) -> bool:
    """Whether a symmetric matrix is positive definite."""
    if not np.isfinite(a).all():
        return False
    try:
        np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        return False
    return True


def proves(f: Family) -> bool:
    """True only where every matrix of the family is above 0 on the cone; False says nothing."""
    if not (np.isfinite(f.mid).all() and np.isfinite(f.radius).all()):
        return False
    mid, radius, nonneg = f.mid.copy(), f.radius.copy(), f.nonneg
    both = nonneg[:, None] & nonneg[None, :] & ~np.eye(len(mid), dtype=bool)
    mid[both] = np.minimum(mid - radius, 0)[
        both
    ]  # what pushes two units x ≥ 0 apart may be left out
    radius[both] = 0
    keep = ~(
        nonneg
        & ((mid - np.diag(np.diagonal(mid)) == 0) & (radius == 0)).all(1)
        & (np.diagonal(mid) == 0)
    )
    mid, radius = mid[np.ix_(keep, keep)], radius[np.ix_(keep, keep)]
    if not len(mid):
        return True
    if f.basis is not None:
        b = f.basis[keep]
        mid, radius = b.T @ mid @ b, np.abs(b).T @ radius @ np.abs(b)
    if not radius.any():
        return is_positive(mid)
    top = (
        float(np.abs(np.linalg.eigvalsh(radius)).max())
        if len(radius) <= 512
        else float(radius.sum(1).max())
    )
    return is_positive(mid - np.diag(radius.sum(1))) or is_positive(mid - top * np.eye(len(mid)))


def least(q: Array, nonneg: Array, basis: Array | None = None) -> tuple[Array, Array] | None:
    """For each matrix of q [states, n, n]: a value of the sign of min xᵀqx over unit x in the cone,
    and such an x, [states], [states, n].

    None where that is no short computation.
    """
    if basis is not None and nonneg.any():
        return None
    if not nonneg.any():
        b = np.eye(q.shape[1]) if basis is None else basis
        values, vectors = np.linalg.eigh(b.T @ q @ b)
        size = np.abs(q).max(axis=(1, 2), initial=1e-300)
        value = np.where(np.abs(values[:, 0]) < ROUNDING * size, 0.0, values[:, 0])
        return value, vectors[:, :, 0] @ b.T
    if nonneg.sum() > SMALL_CONE:
        return None
    found = [_least_in_cone(m, nonneg) for m in q]
    return np.array([v for v, _ in found]), np.array([x for _, x in found])


def _least_in_cone(q: Array, nonneg: Array) -> tuple[float, Array]:
    """Copositive or not, exactly: the free units are put at their minima, then no subset has an
    eigenvector > 0 of value ≤ 0 (Kaplan 2000).
    """
    n = len(q)
    free, held = np.flatnonzero(~nonneg), np.flatnonzero(nonneg)
    size = max(float(np.abs(q).max()), 1e-300)
    x = np.zeros(n)
    if len(free):
        values, vectors = np.linalg.eigh(q[np.ix_(free, free)])
        if values[0] <= ROUNDING * size:
            x[free] = vectors[:, 0]
            return float(min(values[0], 0.0)), x
    pull = (
        -np.linalg.solve(q[np.ix_(free, free)], q[np.ix_(free, held)])
        if len(free)
        else np.zeros((0, len(held)))
    )
    rest = q[np.ix_(held, held)] + q[np.ix_(held, free)] @ pull
    best, best_x = np.inf, x
    for k in range(1, len(held) + 1):
        for subset in combinations(range(len(held)), k):
            values, vectors = np.linalg.eigh(rest[np.ix_(subset, subset)])
            for m in np.flatnonzero(values <= max(best, ROUNDING * size)):
                v = vectors[:, m] * np.sign(vectors[np.argmax(np.abs(vectors[:, m])), m])
                if (v > -1e-9).all() and values[m] < best:
                    best = float(values[m])
                    best_x = np.zeros(n)
                    best_x[held[list(subset)]] = np.maximum(v, 0)
                    best_x[free] = pull @ best_x[held]
    return (best if abs(best) > ROUNDING * size else 0.0), best_x / max(
        float(np.linalg.norm(best_x)), 1e-300
    )


def sunk(q: Array, nonneg: Array) -> Array:
    """A unit vector of the cone with a small xᵀqx, by power iteration kept inside: [n]."""
    if not nonneg.any():
        return np.asarray(np.linalg.eigh(q)[1][:, 0])
    shift = float(np.abs(q).sum(1).max())
    generator = fixed_generator("SUNK")
    best, best_x = np.inf, np.zeros(len(q))
    for start in (np.ones(len(q)), *generator.normal(size=(3, len(q)))):
        x = np.where(nonneg, np.abs(start), start)
        for _ in range(300):
            x = shift * x - q @ x
            x = np.where(nonneg, np.maximum(x, 0), x)
            x /= max(float(np.linalg.norm(x)), 1e-300)
        if float(x @ q @ x) < best:
            best, best_x = float(x @ q @ x), x
    return best_x


def without(f: Family, columns: Array, rows: list[list[tuple[float, Array]]]) -> Family | None:
    """The family with some units, which do not meet, at their minima given the others; None where
    one has no precision of its own.

    `rows` has for each of them the parts (g, w) of its field −Σ g(s) w·x, with the largest |g|: by
    Cauchy and Schwarz

        (Σ g w·x)²/2d ≤ (Σ β) Σ g² (w·x)²/(2 d β),  β = |g| |w|, with equality for a single part.
    """
    others = np.setdiff1d(np.arange(len(f.mid)), columns)
    mid = f.mid[np.ix_(others, others)].copy()
    for u, parts in zip(columns, rows, strict=True):
        d = f.mid[u, u]
        if not d > 0:
            return None
        weights = [abs(g) * float(np.linalg.norm(w[others])) for g, w in parts]
        for (g, w), beta in zip(parts, weights, strict=True):
            if beta > 0:
                x = w[others]
                mid -= (sum(weights) / beta) * g * g / d * np.outer(x, x)
    return Family(mid, f.radius[np.ix_(others, others)], f.nonneg[others])
