"""What is asked of every model of the literature: methods of the machine against exact sums.

A check is a function of an `Examination`; it yields nothing and raises AssertionError on a wrong
number. `checks_of` names those that make sense for an entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial

import numpy as np

import bmdsl
from tests import stats

from .draws import verify_draws
from .harness import CASES, Entry, State, ask, fill
from .reference import Domain, Sums, draw, log_likelihood, one, units_of
from .units import Array

DRAWS = 2500
STEP = 3e-5
RATE = 1e-3
MOST_VISIBLE = 4096
BATCH, SEEDS = 400, 40


class Examination:
    """An entry with its machine, its parameters and what is true of it."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self._machine = bmdsl.parse(entry.source).compile(seed=1, dtype="float64")
        self._symmetric = {p.name for p in self._machine.model.parameters if p.symmetric}
        self.params = fill(entry, {n: x.shape for n, x in self._machine.params.items()})
        for n in self._symmetric:
            upper = np.triu(self.params[n], 1)
            self.params[n] = upper + upper.T
        self.states = ask(entry)

    @property
    def machine(self) -> bmdsl.Machine:
        """The machine at the entry's parameters, whatever a check did to them."""
        for name, value in self.params.items():
            self._machine.params[name] = value
        return self._machine

    @cached_property
    def data(self) -> State:
        """The cases of visible and given groups."""
        return {n: x for n, x in self.states.items() if n not in self.entry.hidden}

    @property
    def clamp(self) -> State:
        """The first case of the given groups."""
        return {n: self.states[n][:1] for n in self.entry.given}

    @cached_property
    def parts(self) -> tuple[list[Sums], list[Sums]]:
        """Sums over the hidden units of every case, and over all units."""
        tops, bottoms = self._domains
        return [d.at(self.params) for d in tops], [d.at(self.params) for d in bottoms]

    @cached_property
    def _domains(self) -> tuple[list[Domain], list[Domain]]:
        return log_likelihood(
            self.entry, self.data | {n: self.states[n] for n in self.entry.hidden}
        )

    @property
    def joint(self) -> tuple[Domain, Sums]:
        """All units, given the first case's given groups."""
        return self._domains[1][0], self.parts[1][0]

    def mean_log_likelihood(self, params: dict[str, Array]) -> float:
        """Of the cases."""
        tops, bottoms = self._domains
        return float(
            np.mean([d.at(params).log_sum for d in tops])
            - np.mean([d.at(params).log_sum for d in bottoms])
        )

    @cached_property
    def slopes(self) -> dict[str, tuple[Array, float]]:
        """Of each parameter a random direction and the mean log-likelihood's slope along it."""
        generator, found = np.random.default_rng([self.entry.seed, 2]), {}
        for name, value in self.params.items():
            direction = generator.normal(size=value.shape)
            if name in self._symmetric:
                direction = np.triu(direction, 1) + np.triu(direction, 1).T
            ends = [
                self.mean_log_likelihood(self.params | {name: value + s * STEP * direction})
                for s in (1, -1)
            ]
            found[name] = direction, (ends[0] - ends[1]) / (2 * STEP)
        return found

    def along(self, name: str, gradient: Array) -> float:
        """A gradient's component along `slopes`; a symmetric parameter counts by its upper half."""
        direction = self.slopes[name][0]
        return float(
            (np.triu(direction) * gradient).sum()
            if name in self._symmetric
            else (direction * gradient).sum()
        )

    def near(self, found: object, wanted: object, what: str, factor: float = 1.0) -> None:
        """AssertionError unless two arrays agree to the entry's tolerance."""
        found, wanted = np.asarray(found, float), np.asarray(wanted, float)
        assert found.shape == wanted.shape, f"{what} has shape {found.shape}, not {wanted.shape}"
        bound = factor * self.entry.tolerance * np.maximum(1.0, np.abs(wanted))
        assert (np.abs(found - wanted) <= bound).all(), (
            f"{what} is\n{found}\nand should be\n{wanted}"
        )


def energy(x: Examination) -> None:
    """E at random joint states."""
    x.near(
        x.machine.energy(**x.states),
        x.entry.total(x.params, x.states),
        "the energy",
        1e-9 / x.entry.tolerance,
    )


def conditional(x: Examination, group: str) -> None:
    """E[unit | all others] of every unit of a group."""
    found, wanted = x.machine.conditional(group, **x.states), np.empty_like(x.states[group])
    for k in range(CASES):
        case = one(x.states, k)
        for place in x.entry.groups[group].places:
            sums = Domain(x.entry, case, [(group, place)]).at(x.params)
            wanted[(k, *place)] = sums.mean(group)[place]
    x.near(found, wanted, f"the conditional of {group}")


def free_energy(x: Examination) -> None:
    """F(v) = −log Σ_h exp(−E)."""
    x.near(x.machine.free_energy(**x.data), [-s.log_sum for s in x.parts[0]], "the free energy")


def posterior(x: Examination) -> None:
    """E[h | v] of every hidden group."""
    found = x.machine.posterior(**x.data)
    for name in x.entry.hidden:
        x.near(found[name], [s.mean(name) for s in x.parts[0]], f"the posterior of {name}")


def left_out(x: Examination) -> None:
    """E[y | v] of a visible group y, hidden units summed out."""
    name = x.entry.left_out
    free = units_of(x.entry, [*x.entry.hidden, name])
    wanted = [Domain(x.entry, one(x.states, k), free).at(x.params).mean(name) for k in range(CASES)]
    x.near(
        x.machine.posterior(**{n: s for n, s in x.data.items() if n != name})[name],
        wanted,
        f"the posterior of {name}",
    )


def log_partition(x: Examination) -> None:
    """log Z."""
    x.near(x.machine.log_partition(), x.joint[1].log_sum, "log Z")


def log_likelihood_of_cases(x: Examination) -> None:
    """log P(v), or log P(v | given groups)."""
    z = [s.log_sum for s in x.parts[1]] * (1 if x.entry.given else CASES)
    x.near(
        x.machine.log_likelihood(x.data),
        [s.log_sum - t for s, t in zip(x.parts[0], z, strict=True)],
        "log P(v)",
    )


def normalised(x: Examination) -> None:
    """Σ_v P(v) = 1 over the whole visible domain (by its quadrature)."""
    domain = Domain(x.entry, one(x.states, 0), units_of(x.entry, list(x.entry.visible)))
    cases = {n: s for n, s in domain.states.items() if n not in x.entry.hidden}
    x.near(
        np.exp(x.machine.log_likelihood(cases) + domain.log_weights).sum(), 1.0, "the sum of P(v)"
    )


def gradient(x: Examination) -> None:
    """Of the mean log-likelihood, exact in both phases."""
    found = x.machine.gradient(x.data)
    for name, (_, wanted) in x.slopes.items():
        x.near(
            x.along(name, found[name]),
            wanted,
            f"the slope along {name}",
            max(1.0, 1e-6 / x.entry.tolerance),
        )


def marginals(x: Examination) -> None:
    """E[x] of every group."""
    found = x.machine.marginals(clamp=x.clamp or None)
    for name in x.entry.free:
        x.near(found[name], x.joint[1].mean(name), f"the marginals of {name}")


def exact_sample(x: Examination) -> None:
    """Independent draws."""
    verify_draws(x.entry, x.machine.exact_sample(DRAWS, clamp=x.clamp or None), *x.joint)


def stationary(x: Examination) -> None:
    """Chains begun at exact draws are exact draws after some sweeps."""
    begin = draw(x.joint[1], DRAWS, np.random.default_rng([x.entry.seed, 3]))
    clamp = {n: np.repeat(s, DRAWS, axis=0) for n, s in x.clamp.items()}
    verify_draws(
        x.entry,
        x.machine.sample(DRAWS, steps=3, clamp=clamp, init={n: begin[n] for n in x.entry.free}),
        *x.joint,
    )


def converges(x: Examination) -> None:
    """Chains begun anywhere become exact draws."""
    clamp = {n: np.repeat(s, DRAWS, axis=0) for n, s in x.clamp.items()}
    verify_draws(x.entry, x.machine.sample(DRAWS, steps=x.entry.sweeps, clamp=clamp), *x.joint)


def train(x: Examination) -> None:
    """One update by the words of the model's own train block."""
    machine = x.machine
    run = machine.train(x.data, updates=1)
    assert run.updates == 1, f"{run.updates} updates were made"
    assert all(np.isfinite(v).all() for v in machine.params.values()), "parameters are not finite"


def train_exactly(x: Examination) -> None:
    """One update with exact phases, no penalties, moves parameters by rate × gradient."""
    machine = x.machine if not x.entry.train else Examination(replace(x.entry, train="")).machine
    machine.train(x.data, updates=1, batch=CASES, positive="exact", negative="exact", center="off",
                  optimizer=f"sgd(rate = {RATE})", schedule="constant")  # fmt: skip
    fixed = {p.name for p in machine.model.parameters if p.fixed}
    for name, (_, wanted) in x.slopes.items():
        moved = (machine.params[name] - x.params[name]) / RATE
        x.near(
            x.along(name, moved),
            0.0 if name in fixed else wanted,
            f"the update along {name}",
            max(1.0, 1e-6 / x.entry.tolerance),
        )


def annealing(x: Examination) -> None:
    """log Z by annealed importance sampling, within its own error."""
    found = x.machine.log_partition("ais", chains=500, steps=500)
    apart = abs(found.value - x.joint[1].log_sum)
    assert apart < 5 * found.std_error + 0.02 + x.entry.tolerance, (
        f"log Z is {found.value:.3f} ± {found.std_error:.3f}, should be {x.joint[1].log_sum:.3f}"
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


def checks_of(entry: Entry) -> dict[str, Callable[[Examination], None]]:
    """Name → check, of all that make sense for an entry."""
    found: dict[str, Callable[[Examination], None]] = {"energy": energy}
    found |= {f"conditional {name}": partial(conditional, group=name) for name in entry.free}
    found["free_energy"] = free_energy
    if entry.hidden:
        found["posterior"] = posterior
    if entry.left_out:
        found["left_out"] = left_out
    if not entry.given:
        found["log_partition"] = log_partition
    found["log_likelihood"] = log_likelihood_of_cases
    listed = [u for u in entry.visible.values() for _ in u.places]
    if (
        "log_likelihood" not in entry.refused
        and all(u.kind != "gaussian" for u in listed)
        and np.prod([len(u.states) for u in listed], dtype=object) <= MOST_VISIBLE
    ):
        found["normalised"] = normalised
    found["gradient"] = gradient
    last = (marginals, exact_sample, stationary, converges, train, train_exactly)
    return found | {check.__name__: check for check in last}
