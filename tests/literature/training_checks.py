"""What one update of training does to an entry's parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests import stats

from .examination import STEP, Examination
from .harness import CASES
from .reference import Domain, one, units_of

RATE = 1e-3
BATCH, SEEDS = 400, 40


def train(x: Examination) -> None:
    """One update by the words of the model's own train block."""
    machine = x.machine
    run = machine.train(x.data, updates=1)
    assert run.updates == 1, f"{run.updates} updates were made"
    assert all(np.isfinite(v).all() for v in machine.params.values()), "parameters are not finite"


def train_exactly(x: Examination) -> None:
    """One update with exact phases, no penalties, moves parameters by rate × gradient."""
    machine = x.machine if not x.entry.train else Examination(replace(x.entry, train="")).machine
    machine.train(
        x.data,
        updates=1,
        batch=CASES,
        positive="exact",
        negative="exact",
        center="off",
        optimizer=f"sgd(rate = {RATE})",
        schedule="constant",
    )
    fixed = {p.name for p in machine.model.parameters if p.fixed}
    for name, (_, wanted) in x.slopes.items():
        moved = (machine.params[name] - x.params[name]) / RATE
        x.near(
            x.along(name, moved),
            0.0 if name in fixed else wanted,
            f"the update along {name}",
            max(1.0, 1e-6 / x.entry.tolerance),
        )


def learns(x: Examination) -> None:
    """Updates by chains, and exact or sampled posteriors, move parameters by the gradient."""
    sampled = "gradient" in x.entry.refused or bool(x.entry.given)
    negative = "cd(steps = 30)" if x.entry.given else f"pcd(steps = 30, chains = {BATCH})"
    copies = BATCH // CASES if sampled else 1
    fixed = {p.name for p in x.machine.model.parameters if p.fixed}
    plain = Examination(replace(x.entry, train=""))
    data = {n: np.repeat(v, copies, axis=0) for n, v in x.data.items()}
    moves: dict[str, list[float]] = {n: [] for n in x.slopes if n not in fixed}
    for seed in range(SEEDS):
        machine = plain.machine
        machine.seed = seed
        machine.train(
            data,
            updates=1,
            batch=copies * CASES,
            positive="gibbs(steps = 30)" if sampled else "exact",
            negative=negative,
            center="off",
            optimizer=f"sgd(rate = {RATE})",
            schedule="constant",
        )
        for name, values in moves.items():
            values.append(x.along(name, (machine.params[name] - x.params[name]) / RATE))
    for name, values in moves.items():
        stats.verify_mean(np.array(values), x.slopes[name][1])


def pseudolikelihood(x: Examination) -> None:
    """One update by the pseudo-likelihood moves parameters by the slope of Σ log P(unit | rest)."""
    machine = Examination(replace(x.entry, train="")).machine
    machine.train(
        x.data,
        updates=1,
        batch=CASES,
        objective="pseudolikelihood",
        center="off",
        optimizer=f"sgd(rate = {RATE})",
        schedule="constant",
    )
    units = units_of(x.entry, list(x.entry.visible))
    pairs = [
        (Domain(x.entry, one(x.states, k), []), Domain(x.entry, one(x.states, k), [unit]))
        for k in range(CASES)
        for unit in units
    ]
    fixed = {p.name for p in machine.model.parameters if p.fixed}
    for name, (direction, _) in x.slopes.items():
        if name in fixed:
            continue
        ends = []
        for sign in (1, -1):
            params = x.params | {name: x.params[name] + sign * STEP * direction}
            ends.append(sum(a.at(params).log_sum - b.at(params).log_sum for a, b in pairs) / CASES)
        moved = (machine.params[name] - x.params[name]) / RATE
        x.near(
            x.along(name, moved), (ends[0] - ends[1]) / (2 * STEP), f"the update along {name}", 10
        )
