"""Draws of units that experts see, in NumPy: what the kinds of op of these names mean.

By auxiliary variables where they make the experts Gaussian or linear, which is exact:

    (1 + κu²)^−s = ∫ Gamma(τ; s, 1) e^{−τκu²} dτ        Student-t: τ | u ~ Gamma(s, 1 + κu²)
    (Welling, Hinton & Osindero 2003)
    e^{−s|u|} = ∫ N(u; 0, τ) Exp(τ) dτ (up to a factor)    1/τ | u ~ InverseGaussian(s/|u|, s²)
    (Park & Casella 2008)
    e^{softplus(u)} = Σ_h e^{hu}, h ∈ {0, 1}            cosh u = ½ Σ_t e^{tu}, t ∈ {−1, 1}

so that x given them is Gaussian with precision diag(1/σ² − 2η₂) + M diag(d) Mᵀ, or of independent
units. Else real units move by Hamiltonian dynamics (Neal 2011, MCMC using Hamiltonian dynamics),
units of few states one after another from exact energy differences.

Several terms' experts stand side by side, as `expert_energies` says.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..plan.streams import of_key
from .expert_energies import BINARY, SPIN, SQUARES, STUDENT, Seen
from .expert_ops import CODES
from .expert_steps import Walk
from .ops import double, op, reads, updates, whole, writes

Array = np.ndarray
NEAR = 3.0
"""How far from 0 an expert's argument may be where chains begin, if it grows faster than a square.
"""
MAX_NUMBERS_AT_ONCE = 1 << 22
"""Numbers of the precision matrices that are held at once."""


# ------------------------------------------------------------ real units


@op(
    "{memory}: steps as long as the energy's bends allow",
    memory=writes(1, "f8"),
)
def begin_steps(memory: Array) -> None:
    """Hamiltonian steps begin at a length of their own: log of a factor, share accepted."""
    memory[:] = 0, -1


@op(
    "{x} ~ P({x} | rest) through its experts",
    eta=reads(),
    eta2=reads(),
    u=reads(),
    M=reads(),
    s=reads(),
    begins=reads(1, "i8"),
    functions=reads(2, "i8"),
    coefficients=reads(2, "f8"),
    bends=reads(1, "f8"),
    precision=double(),
    walled=whole(),
    beta=reads(1),
    seen=reads(),
    seed=whole(),
    stream=whole(),
    update=whole(),
    step=whole(),
    until=whole(),
    memory=updates(1, "f8"),
    x=updates(),
)
def draw_real_units(
    eta: Array,
    eta2: Array,
    u: Array,
    M: Array,
    s: Array,
    begins: Array,
    functions: Array,
    coefficients: Array,
    bends: Array,
    precision: float,
    walled: int,
    beta: Array,
    seen: Array,
    seed: int,
    stream: int,
    update: int,
    step: int,
    until: int,
    memory: Array,
    x: Array,
) -> None:
    """Draws units of any real value from their fields and experts, in place.

    `u` are the experts' arguments at the present x, `beta` what every row's experts are multiplied
    by; the fields are multiplied already. Steps are fitted before sweep `until`; memory[1] is the
    share of accepted Hamiltonian steps, −1 while there were none.
    """
    matrix, strength = M.astype(np.float64), s[0].astype(np.float64)
    experts = Seen(matrix, strength, begins, functions, coefficients)
    b, generator = beta.astype(np.float64), of_key((seed, stream, update, step))
    free = np.ones(x.shape, bool) if not seen.size else np.isnan(seen)
    kinds = [experts.kind(t) for t in experts.terms]
    mixed = all(kinds) and (not {BINARY, SPIN} & set(kinds) or bool((b == 1).all()))
    field, own = eta.astype(np.float64), precision - 2 * eta2.astype(np.float64)
    if mixed and free.all():
        _gaussian(experts, kinds, field, own, u.astype(np.float64), b, generator, x)
        return
    bend = np.repeat(bends, np.diff(begins)) * np.abs(s[0].astype(np.float64))
    at, start, still = u.astype(np.float64), x.astype(np.float64), np.zeros(len(x), bool)
    walk = Walk(experts, field, own, at, b, free, start, generator, np.zeros(len(x)), still)
    walk.leap(bend, bool(walled), step < until, memory)
    if walled:
        walk.turn()
    x[walk.moved] = walk.x[walk.moved].astype(x.dtype)


def _gaussian(
    experts: Seen,
    kinds: Sequence[int],
    field: Array,
    own: Array,
    u: Array,
    beta: Array,
    generator: np.random.Generator,
    x: Array,
) -> None:
    rows, size = x.shape
    now, parts, weights = x.astype(np.float64), [], []
    for t, kind in zip(experts.terms, kinds, strict=True):
        matrix, at = experts.matrix[:, experts.part(t)], u[:, experts.part(t)]
        if kind in (BINARY, SPIN):
            field = field + _helpers(kind, at, generator) @ matrix.T
            continue
        d = _precisions(experts, t, kind, at, beta, generator)
        field = field - (d * (at - now @ matrix)) @ matrix.T
        parts.append(matrix)
        weights.append(d)
    noise = np.sqrt(own) * generator.standard_normal((rows, size))
    if not parts:
        x[...] = (field + noise) / own
        return
    whole, precision = np.concatenate(parts, axis=1), np.concatenate(weights, axis=1)
    # Q = own I + M D Mᵀ; √own ε + M √D ε′ has covariance Q, so that Q⁻¹(field + it) is the draw:
    # one solution, and no triangular ones
    drawn = generator.standard_normal(precision.shape)
    field = field + noise + (np.sqrt(precision) * drawn) @ whole.T
    step = max(1, MAX_NUMBERS_AT_ONCE // size**2)
    for lo in range(0, rows, step):
        q = np.einsum("pj,nj,qj->npq", whole, precision[lo : lo + step], whole, optimize=True)
        q[:, np.arange(size), np.arange(size)] += own[lo : lo + step]
        x[lo : lo + step] = np.linalg.solve(q, field[lo : lo + step, :, None])[..., 0]


def _helpers(kind: int, u: Array, generator: np.random.Generator) -> Array:
    """h ∈ {0, 1} or t ∈ {−1, 1} given an expert's argument."""
    draws = generator.random(u.shape)
    with np.errstate(over="ignore"):
        chance = 1 / (1 + np.exp(-(u if kind == BINARY else 2 * u)))
    return np.where(draws < chance, 1.0, 0.0 if kind == BINARY else -1.0)


def _precisions(
    experts: Seen, t: int, kind: int, u: Array, beta: Array, generator: np.random.Generator
) -> Array:
    """d of the quadratic ½ d u² that stands for an expert given its auxiliary variables: [rows,
    experts].
    """
    strength = experts.strength[experts.part(t)] * beta[:, None]
    if kind == SQUARES:
        return 2 * strength
    if kind == STUDENT:
        kappa = experts.coefficients[t, 1]
        return np.asarray(2 * kappa * generator.gamma(strength) / (1 + kappa * u * u))
    return np.asarray(generator.wald(strength / np.maximum(np.abs(u), 1e-12), strength**2))


@op(
    "{x} so near 0 that experts of {u} have arguments of order 1",
    u=reads(),
    x=updates(),
)
def bring_near(u: Array, x: Array) -> None:
    """Brings rows in to where an expert that grows faster than a square has arguments of order 1:
    u = x M, without constants.
    """
    far = np.abs(u).max(axis=1, initial=0.0)
    x *= (NEAR / np.maximum(far, NEAR))[:, None].astype(x.dtype)


# ------------------------------------------------------------ units of few states


@op(
    "{eta} += helpers Mᵀ, h ~ P(h | {u})",
    u=reads(),
    M=reads(),
    begins=reads(1, "i8"),
    functions=reads(2, "i8"),
    seed=whole(),
    stream=whole(),
    update=whole(),
    step=whole(),
    eta=updates(),
)
def add_helper_fields(
    u: Array,
    M: Array,
    begins: Array,
    functions: Array,
    seed: int,
    stream: int,
    update: int,
    step: int,
    eta: Array,
) -> None:
    """Adds what units drawn for the experts −softplus(u) and −log cosh(u) give to the fields: given
    them, the experts are linear.
    """
    generator = of_key((seed, stream, update, step))
    for t in range(len(begins) - 1):
        part = slice(int(begins[t]), int(begins[t + 1]))
        kind = BINARY if functions[t, 0] == CODES["softplus"] else SPIN
        helpers = _helpers(kind, u[:, part].astype(np.float64), generator)
        eta += (helpers @ M[:, part].T.astype(np.float64)).astype(eta.dtype)


@op(
    "{x} ~ P({x} | rest) through its experts, unit after unit",
    eta=reads(),
    u=reads(),
    M=reads(),
    s=reads(),
    begins=reads(1, "i8"),
    functions=reads(2, "i8"),
    coefficients=reads(2, "f8"),
    values=reads(2, "f8"),
    base=reads(1, "f8"),
    beta=reads(1),
    seen=reads(),
    seed=whole(),
    stream=whole(),
    update=whole(),
    step=whole(),
    x=updates(),
)
def draw_unit_after_unit(
    eta: Array,
    u: Array,
    M: Array,
    s: Array,
    begins: Array,
    functions: Array,
    coefficients: Array,
    values: Array,
    base: Array,
    beta: Array,
    seen: Array,
    seed: int,
    stream: int,
    update: int,
    step: int,
    x: Array,
) -> None:
    """Draws units of few states one after another from exact energy differences, in place.

    `values` [states, columns of a unit] are the states, `base` their log base measures.
    """
    matrix, strength = M.astype(np.float64), s[0].astype(np.float64)
    experts = Seen(matrix, strength, begins, functions, coefficients)
    generator, at = of_key((seed, stream, update, step)), u.astype(np.float64)
    b, field, k = beta.astype(np.float64), eta.astype(np.float64), values.shape[1]
    free = np.ones(x.shape, bool) if not seen.size else np.isnan(seen)
    for p in range(0, x.shape[1], k):
        if not free[:, p].any():
            continue
        now, part = x[:, p : p + k].astype(np.float64), matrix[p : p + k]
        scores = np.empty((len(x), len(values)))
        for m, value in enumerate(values):
            there = at + (value - now) @ part
            scores[:, m] = field[:, p : p + k] @ value + base[m] - b * experts.energy(there)
        scores += generator.gumbel(size=scores.shape)
        new = np.where(free[:, p : p + 1], values[scores.argmax(1)], now)
        at = at + (new - now) @ part
        x[:, p : p + k] = new
