"""The sampler of a small machine against its exact distribution, in standard errors."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

from ..plan.plan import MANY_CHAINS
from ..plan.streams import fixed_generator
from .formulas import SLOPE
from .subject import (
    SWEEPS,
    Array,
    Row,
    Subject,
    arrived,
    entries,
    held,
    moved,
    row_of,
    visible_cases,
)

CHAINS, FEW = 4096, 3
RISK = 1e-6
"""Chance that a right sampler fails one of its rows."""
DIRECTIONS = 12
RARE = 50
"""A kurtosis past one in so many of the chains' number is too much for the normal distribution."""


def check_marginals(s: Subject, what: str) -> Row:
    """Means of units and of products of two, over many chains after many sweeps, in standard
    errors.
    """
    if len(s.nodes) < len(s.brute.names):
        return Row(what, skipped="a group's states cannot be listed")
    drawn = s.sampler.sample(CHAINS, steps=SWEEPS, clamp=held(s, CHAINS))
    return _compare(
        s, what, np.hstack([drawn[n].reshape(CHAINS, -1) for n in s.brute.names]).astype(np.float64)
    )


def check_few_chains(s: Subject, what: str) -> Row:
    """The same for a few chains at a time, which start from the distribution and must
    stay there.
    """
    if not any(g.woven for g in s.sampler.program.plan.groups) or MANY_CHAINS <= FEW:
        return Row(what, skipped="one generated form serves any number of chains")
    count = CHAINS // FEW * FEW
    start = arrived(s, count)
    parts = []
    for at in range(0, count, FEW):
        state = {n: x[at : at + FEW].copy() for n, x in start.items()}
        s.sampler.sweep(state, 3, {n: state[n].copy() for n in s.given}, update=1000 + at)
        parts.append(np.hstack([state[n] for n in s.brute.names]))
    return _compare(s, what, np.vstack(parts).astype(np.float64))


def _compare(s: Subject, what: str, x: Array) -> Row:
    names = [n for n in s.brute.names for _ in range(int(np.prod(s.brute.states[n].shape[1:])))]
    exact = np.hstack([s.brute.states[n].reshape(s.brute.count, -1) for n in s.brute.names])
    w = s.brute.log_weights(s.machine.params)
    p = np.exp(w - logsumexp(w))
    slack = np.array([s.sampler.program.plan.group(n).unit.draws_within for n in names])
    errors = [
        (_standard_errors(p, exact[:, i], x[:, i], slack[i]), f"mean of {names[i]}")
        for i in range(len(names))
    ]
    for i in range(len(names)):
        for j in range(i, len(names)):
            errors.append(
                (
                    _standard_errors(p, exact[:, i] * exact[:, j], x[:, i] * x[:, j], 0.0),
                    f"{names[i]} · {names[j]}",
                )
            )
    return row_of(what, errors, float(norm.isf(RISK / 2 / len(errors))))


def _standard_errors(p: Array, exact: Array, drawn: Array, slack: float) -> float:
    """|mean of draws − exact mean| in standard errors; 0 where values are so rare that their mean
    is not yet normal.
    """
    mean = p @ exact
    variance, fourth = p @ (exact - mean) ** 2, p @ (exact - mean) ** 4
    if variance < 1e-12:
        return 0.0 if np.allclose(drawn, mean, atol=1e-5) else np.inf
    if fourth / variance**2 > len(drawn) / RARE:
        return 0.0
    return float(max(0.0, abs(drawn.mean() - mean) - slack) / variance**0.5 * len(drawn) ** 0.5)


def check_balance(s: Subject, what: str) -> Row:
    """⟨f(x) g(x′)⟩ = ⟨g(x) f(x′)⟩ where x is drawn from the distribution and x′ is x after one
    group's (or one unit's) update.
    """
    plan, generator, errors = s.sampler.program.plan, fixed_generator("VERIFIED_FIELDS"), []
    start = arrived(s, CHAINS)
    for name in s.brute.names:
        after = {n: x.copy() for n, x in start.items()}
        still = {n: x.copy() for n, x in start.items() if n != name}
        g = plan.group(name)
        alone = g.expert and (
            g.states is not None or g.unit.support(*g.arguments) is not None
        )  # drawn unit after unit where experts see them
        if (
            g.lateral or g.woven or alone
        ):  # only one unit's update is reversible where units meet: hold the others
            still[name] = start[name].copy()
            still[name].reshape(CHAINS, s.brute.groups[name].count, -1)[
                :, generator.integers(s.brute.groups[name].count)
            ] = np.nan
        s.sampler.sweep(after, 1, still, update=77)
        rest = np.hstack([start[n] for n in s.brute.names])
        for k in range(DIRECTIONS):
            a, b = generator.normal(size=(2, start[name].shape[1]))
            mask = np.repeat(
                [n != name for n in s.brute.names], [start[n].shape[1] for n in s.brute.names]
            )
            c = np.tanh(
                0.5 + rest @ (mask * generator.normal(size=rest.shape[1]))
            )  # of what the update leaves as it is
            f0, f1 = np.tanh(start[name] @ a), np.tanh(after[name] @ a)
            g0, g1 = np.tanh(start[name] @ b), np.tanh(after[name] @ b)
            d = c * (f0 * g1 - g0 * f1) + (c * (f1 - f0))
            errors.append(
                (
                    abs(d.mean()) / max(d.std(), 1e-12) * CHAINS**0.5 if d.any() else 0.0,
                    f"{name}, direction {k}",
                )
            )
    return row_of(what, errors, float(norm.isf(RISK / 2 / len(errors))))


def check_training_gradient(s: Subject, what: str) -> Row:
    """⟨∂(−E)/∂θ⟩ as training's phases have it, over chains that a sweep leaves with means in the
    place of draws, in standard errors.

    Chains of the model start from its distribution; those of one case, the visible units clamped,
    from the biases. Rows with means vary no more than draws, whose variance is summed over all
    joint states.
    """
    chains = {n: x.copy() for n, x in arrived(s, CHAINS).items()}
    model = s.sampler.sweep(chains, 1, held(s, CHAINS), update=55)
    phases = [("the model's", model, s.brute)]
    if s.machine.hidden:
        case = {n: x[:1] for n, x in visible_cases(s).items()}
        data = {n: np.repeat(x, CHAINS, axis=0) for n, x in case.items()}
        rows = s.sampler.sweep(s.sampler.initial_state(CHAINS), SWEEPS, data, update=56, keep=False)
        phases.append(("the data's", rows, s.clamped(case, 0)))
    sums, errors = [], []
    for _, rows, _ in phases:
        out = {n: np.zeros_like(x) for n, x in s.sampler.params.items()}
        s.sampler.accumulate(rows, np.full(CHAINS, 1 / CHAINS, s.sampler.dtype), out, 1.0)
        s.sampler.tie(out)
        sums.append(out)
    for (whose, _, brute), out in zip(phases, sums, strict=True):
        w = brute.log_weights(s.machine.params)
        p = np.exp(w - logsumexp(w))
        for name, at, moves in entries(s):
            sides = [brute.energy(moved(s, name, moves, step)) for step in (SLOPE, -SLOPE)]
            statistic = (sides[1] - sides[0]) / (2 * SLOPE)
            drawn, slack = (
                np.full(CHAINS, float(out[name][at])),
                1e-5 * float(np.abs(statistic).max()),
            )
            errors.append(
                (
                    _standard_errors(p, statistic, drawn, slack),
                    f"{whose} {name}[{', '.join(map(str, at))}]",
                )
            )
    return row_of(what, errors, float(norm.isf(RISK / 2 / max(1, len(errors)))))
