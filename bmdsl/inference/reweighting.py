"""Figures between the temperatures of a scan, from all its chains together.

With β_k the inverse temperatures that chains ran at, n_k the records at each and N(E) the records
of energy E at all of them, the number of states of energy E is estimated by

    Ω(E) = N(E) / Σ_k n_k exp(f_k − β_k E),      exp(−f_k) = Σ_E Ω(E) exp(−β_k E),

which determine each other up to a factor; means at any β have weights Ω(E) exp(−βE), since what is
measured depends on β through the energy alone (Ferrenberg & Swendsen 1989, Phys. Rev. Lett. 63,
1195).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..language.late import special
from ..plan.streams import fixed_generator
from .scan_figures import Estimate, figures_of_means

Array = np.ndarray
MOST_BINS = 2048
"""Bins of the energy, if it takes more values than that."""
PARTS = 16
"""Parts of the records that the jackknife leaves out one by one."""
ROUNDS, CLOSE = 5000, 1e-9
"""Most rounds of the iteration for f, and the change in nats that ends it."""
LEAST_OVERLAP = 0.02
"""Share of exchanges between neighbours that would be accepted, below which nothing is said of what
lies between them.
"""


@dataclass(frozen=True)
class Records:
    """What chains recorded: each [temperatures, chains, draws]."""

    betas: Array
    energy: Array
    magnetization: Array


def overlap(r: Records) -> float:
    """The least share of exchanges between neighbours on the axis that would be accepted, from
    their records at random.
    """
    order = np.argsort(r.betas)
    flat = r.energy.reshape(len(order), -1)[order]
    rng = fixed_generator("OVERLAPS")
    other = rng.permuted(flat, axis=1)
    gain = np.diff(r.betas[order])[:, None] * (other[1:] - flat[:-1])
    return float(np.exp(np.minimum(0, gain)).mean(axis=1).min())


def reweighted(r: Records, at: Sequence[float], units: int) -> Mapping[str, list[Estimate]]:
    """Each figure of `scan_figures` at the inverse temperatures `at`, with errors by the jackknife
    over parts of the chains.
    """
    count = len(r.betas)
    middle = float(r.energy.mean())
    energy = r.energy - middle
    number, levels = _bins(energy)
    each = [energy, energy**2, np.abs(r.magnetization), r.magnetization**2, r.magnetization**4]
    part = _parts(energy.shape[1], energy.shape[2])
    tables = np.stack(
        [
            np.stack(
                [
                    np.bincount(number[:, part == j].ravel(), x[:, part == j].ravel(), len(levels))
                    for x in each
                ]
            )
            for j in range(part.max() + 1)
        ]
    )
    hits = np.stack(
        [
            np.stack(
                [np.bincount(number[k][part == j], minlength=len(levels)) for k in range(count)]
            )
            for j in range(part.max() + 1)
        ]
    )
    kept = hits.sum((0, 1)) > 0
    tables, hits, levels = tables[..., kept], hits[..., kept], levels[kept]
    whole, f = _figures(tables.sum(0), hits.sum(0), levels, r.betas, at, units, middle, None)
    left = [
        _figures(tables.sum(0) - t, hits.sum(0) - h, levels, r.betas, at, units, middle, f)[0]
        for t, h in zip(tables, hits, strict=True)
    ]
    out: dict[str, list[Estimate]] = {}
    for name, values in whole.items():
        x = np.array([w[name] for w in left])
        spread = (len(x) - 1) / len(x) * ((x - x.mean(0)) ** 2).sum(0)
        out[name] = [
            Estimate(float(v), float(s) ** 0.5) for v, s in zip(values, spread, strict=True)
        ]
    return out


def _bins(energy: Array) -> tuple[Array, Array]:
    """The bin of every record, and the energy of each bin: every value, or equal intervals."""
    digits = np.round(energy, 9 - int(np.log10(np.abs(energy).max() + 1e-300)))
    values, number = np.unique(digits, return_inverse=True)
    if len(values) > MOST_BINS:
        low, high = values[0], values[-1]
        number = ((energy - low) / (high - low) * MOST_BINS).astype(np.int64)
        number = number.clip(0, MOST_BINS - 1)
        hits = np.bincount(number.ravel(), minlength=MOST_BINS)
        values = np.bincount(number.ravel(), energy.ravel(), MOST_BINS) / np.maximum(hits, 1)
    return number.reshape(energy.shape), values


def _parts(chains: int, draws: int) -> Array:
    """[chains, draws]: the part of every record; whole chains, or stretches of few of them."""
    cuts = min(draws, -(-PARTS // chains))
    stretch = np.arange(draws) * cuts // draws
    number: Array = np.arange(chains)[:, None] * cuts + stretch
    total = chains * cuts
    return number * min(total, PARTS) // total


def log_states(
    hits: Array, levels: Array, betas: Array, f: Array | None = None
) -> tuple[Array, Array]:
    """log Ω of every level, up to a constant, and f; `hits` [temperatures, levels]."""
    with np.errstate(divide="ignore"):
        many, log_n = np.log(hits.sum(0)), np.log(hits.sum(1))
    pull = -betas[:, None] * levels
    f = np.zeros(len(betas)) if f is None else f
    for _ in range(ROUNDS):
        states = many - special.logsumexp((log_n + f)[:, None] + pull, axis=0)
        new = -special.logsumexp(states + pull, axis=1)
        new -= new[0]
        done = np.abs(new - f).max() < CLOSE
        f = new
        if done:
            break
    return many - special.logsumexp((log_n + f)[:, None] + pull, axis=0), f


def _figures(
    sums: Array,
    hits: Array,
    levels: Array,
    betas: Array,
    at: Sequence[float],
    units: int,
    middle: float,
    f: Array | None,
) -> tuple[Mapping[str, Array], Array]:
    states, f = log_states(hits, levels, betas, f)
    means = sums / np.maximum(hits.sum(0), 1)
    found = []
    for beta in at:
        log_p = states - beta * levels
        p = np.exp(log_p - special.logsumexp(log_p))
        mean = means @ p
        now = dict(figures_of_means(mean, beta, units))
        now["energy"] += middle / units
        found.append(now)
    return {n: np.array([x[n] for x in found]) for n in found[0]}, f
