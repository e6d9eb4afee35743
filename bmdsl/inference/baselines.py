"""Simple models that a machine's likelihood stands beside: independent units, one Gaussian."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..plan.plan import GroupPlan
from ..runtime.domain import ends, is_real
from ..runtime.program import Program
from .correlations import correlated
from .machine import Machine

INDEPENDENT, GAUSSIAN = "independent units", "one Gaussian"
MAX_GAUSSIAN_UNITS = 1000
"""Real units up to which a full covariance is inverted: a tenth of a second."""
FAR_FIELD, HALVINGS, NEWTON_STEPS = 60.0, 60, 50
MOMENT_TOLERANCE = 1e-3
"""How far a fitted unit's mean may be from the data's, as a share of their standard deviation."""
SLACK = 0.01
"""Share of a baseline's likelihood, and nats a case, by which a worse machine lies below it."""

Cases = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Baseline:
    """Mean log-likelihood in nats a case of a simple model of the visible units."""

    name: str
    log_likelihood: float


def baselines(machine: Machine, data: Cases, fitted: Cases | None = None) -> tuple[Baseline, ...]:
    """Mean log-likelihoods per case of `data` under simple models of `fitted` (None: of `data`).

    All cases are prepared ones without missing values. A model that does not suit the types of
    the visible units is left out.
    """
    fitted = data if fitted is None else fitted
    if len(next(iter(fitted.values()))) < 2 or not len(next(iter(data.values()))):
        return ()
    alone = {n: _independent(machine, n, fitted[n], data[n]) for n in machine.visible}
    real = [n for n in machine.visible if is_real(machine.program.plan.group(n))]
    out = []
    units = [x for x in alone.values() if x is not None]
    if len(units) == len(alone):
        out.append(Baseline(INDEPENDENT, float(np.sum(units, axis=0).mean())))
    if real and 1 < sum(machine.program.sizes[n] for n in real) <= MAX_GAUSSIAN_UNITS:
        others = [alone[n] for n in machine.visible if n not in real]
        joint = one_gaussian(
            *(np.hstack([x[n].reshape(len(x[n]), -1) for n in real]) for x in (fitted, data))
        )
        if joint is not None and all(x is not None for x in others):
            name = (
                GAUSSIAN
                if not others
                else f"{GAUSSIAN} of {', '.join(real)}, the other units independent"
            )
            out.append(
                Baseline(name, float(joint.mean() + sum(x.mean() for x in others if x is not None)))
            )
    return tuple(x for x in out if np.isfinite(x.log_likelihood))


def verdict(log_likelihood: float | None, found: tuple[Baseline, ...]) -> str:
    """One sentence if a machine of this mean log-likelihood is worse than a baseline;
    else empty.
    """
    if log_likelihood is None or not found:
        return ""
    best = max(found, key=lambda x: x.log_likelihood)
    independent = next((x for x in found if x.name == INDEPENDENT), best)
    for against in (independent, best):
        gap = against.log_likelihood - log_likelihood
        if gap > max(SLACK, SLACK * abs(against.log_likelihood)):
            return f"the model is worse than {against.name}, by {gap:.3g} nats a case"
    return ""


def _independent(
    machine: Machine, name: str, fitted: np.ndarray, data: np.ndarray
) -> np.ndarray | None:
    """Σ_i log p(x_i | η_i) of every case, [cases]; None where no η_i is found.

    η_i makes E[t(x_i)] the mean of t over `fitted`.
    """
    program, g = machine.program, machine.program.plan.group(name)
    train, x = (program.flat(name, values).astype(np.float64) for values in (fitted, data))
    with np.errstate(all="ignore"):
        eta = _fields(program, g, train)
        if eta is None or not np.isfinite(eta).all():
            return None
        own = np.ascontiguousarray(eta[..., None, :], machine.dtype)
        wrong = np.abs(
            program.mean(name, own)[0] - _pulled(program, g, train)
        ) > MOMENT_TOLERANCE * (train.std(0) + 1.0)
        if wrong.any():
            return None
        both = eta if eta.ndim == 2 else eta[None]
        paired = sum(x ** (k + 1) @ e for k, e in enumerate(both))
        base = program.log_base(name, np.ascontiguousarray(x, machine.dtype))
        return np.asarray(paired + base - program.log_partition(name, own)[0])


def _pulled(program: Program, g: GroupPlan, x: np.ndarray) -> np.ndarray:
    """Means of units; bounded ones get one more case, the mean at no field.

    What was never seen is then not impossible.
    """
    if not np.isfinite(ends(g)).all():
        return x.mean(0)
    flat = program.mean(g.name, np.zeros(program.shape(g.name, 1), program.dtype))[0]
    return (x.sum(0) + flat) / (len(x) + 1)


def _fields(program: Program, g: GroupPlan, x: np.ndarray) -> np.ndarray | None:
    """η of every unit, [size] or [2, size]: in closed form, by halving, or by Newton's rule."""
    mean = _pulled(program, g, x)
    if g.states is not None:
        return np.log(mean)
    if g.unit.components is not None:
        return None
    if not g.square:
        low, high = np.full(mean.shape, -FAR_FIELD), np.full(mean.shape, FAR_FIELD)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            found = program.mean(g.name, np.ascontiguousarray(middle[None], program.dtype))[0]
            above = ~(found < mean)
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return (low + high) / 2
    return _two_fields(program, g, mean, (x * x).mean(0))


def _two_fields(
    program: Program, g: GroupPlan, mean: np.ndarray, square: np.ndarray
) -> np.ndarray | None:
    """η of x and of x², [2, size], from those of a Gaussian by Newton's rule on E[x] and E[x²]."""
    base = 1 / program.mean_square(g.name, np.zeros((2, 1, len(mean)), program.dtype))[0].astype(
        np.float64
    )
    precision = 1 / (square - mean**2)
    wanted, width = np.stack([mean, square]), np.sqrt(square - mean**2)

    def moments(p: np.ndarray) -> np.ndarray:
        eta = np.ascontiguousarray(_natural(p, base)[:, None], program.dtype)
        return np.stack([program.mean(g.name, eta)[0], program.mean_square(g.name, eta)[0]]).astype(
            np.float64
        )

    at = np.stack([mean * np.sqrt(precision), np.log(precision)])  # mean in deviations, log λ
    for _ in range(NEWTON_STEPS):
        off = moments(at) - wanted
        if (np.abs(off) < 1e-5 * np.stack([width, square])).all():
            break
        h = 1e-3
        slope = np.stack(
            [
                (moments(at + h * e[:, None]) - moments(at - h * e[:, None])) / (2 * h)
                for e in np.eye(2)
            ],
            axis=1,
        )
        step = np.linalg.solve(np.moveaxis(slope, 2, 0), off.T[:, :, None])[:, :, 0].T
        at = at - np.clip(step, -1, 1)
    return _natural(at, base)


def _natural(p: np.ndarray, base: np.ndarray) -> np.ndarray:
    """η = t√λ and η₂ = (λ₀ − λ)/2 from t and log λ."""
    precision = np.exp(p[1])
    return np.stack([p[0] * np.sqrt(precision), (base - precision) / 2])


def one_gaussian(fitted: np.ndarray, data: np.ndarray) -> np.ndarray | None:
    """log N(x; m, C) of every row of `data`, [cases], m and C those of `fitted`.

    Correlations are shrunk towards none. None for constant columns.
    """
    if not (np.std(fitted, axis=0) > 0).all():
        return None
    mean, width, correlations = correlated(fitted)
    try:
        root = np.linalg.cholesky(correlations)
    except np.linalg.LinAlgError:
        return None
    u = np.linalg.solve(root, ((np.asarray(data, np.float64) - mean) / width).T)
    constant = (
        np.log(np.diag(root)).sum() + np.log(width).sum() + 0.5 * len(width) * np.log(2 * np.pi)
    )
    return np.asarray(-0.5 * (u * u).sum(0) - constant)
