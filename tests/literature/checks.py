"""What is asked of every model of the literature: methods of the machine against exact sums.

A check is a function of an `Examination` that raises AssertionError on a wrong number. `checks_of`
names those that make sense for an entry.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from .draws import verify_draws
from .examination import Examination
from .harness import CASES, Entry
from .reference import Domain, draw, one, units_of
from .training_checks import pseudolikelihood, train, train_exactly

DRAWS = 2500
MOST_VISIBLE = 4096
SLACK = 1.5
"""Nats that mean field may miss on models this small."""


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
    clamp = x.clamp_all(DRAWS)
    verify_draws(
        x.entry,
        x.machine.sample(DRAWS, steps=3, clamp=clamp, init={n: begin[n] for n in x.entry.free}),
        *x.joint,
    )


def converges(x: Examination) -> None:
    """Chains begun anywhere become exact draws."""
    clamp = x.clamp_all(DRAWS)
    verify_draws(x.entry, x.machine.sample(DRAWS, steps=x.entry.sweeps, clamp=clamp), *x.joint)


def ground_state(x: Examination) -> None:
    """Annealing finds a state of least energy."""
    found = x.machine.anneal(n=32, sweeps=100, clamp=x.clamp_all(32))
    least = x.joint[0].least(x.params)
    state = {n: s[None] for n, s in found.state.items()} | x.clamp
    x.near(x.entry.total(x.params, state)[0], least, "the energy of the state found")


def variational_bound(x: Examination) -> None:
    """Mean field's bound lies below −F(v)."""
    bound = x.machine.variational_bound(x.data)
    exact = np.array([s.log_sum for s in x.parts[0]])
    assert (bound <= exact + x.entry.tolerance * (1 + np.abs(exact))).all(), (
        f"{bound} is no bound of {exact}"
    )
    assert (bound >= exact - SLACK).all(), f"{bound} is far below {exact}"


def annealing(x: Examination) -> None:
    """log Z by annealed importance sampling, within its own error."""
    found = x.machine.log_partition("ais", chains=500, steps=500)
    apart = abs(found.value - x.joint[1].log_sum)
    assert apart < 5 * found.std_error + 0.02 + x.entry.tolerance, (
        f"log Z is {found.value:.3f} ± {found.std_error:.3f}, should be {x.joint[1].log_sum:.3f}"
    )


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
    last = [marginals, exact_sample, stationary, converges, train, train_exactly]
    if entry.hidden:
        last.append(variational_bound)
    else:
        last.append(pseudolikelihood)
    if all(u.kind == "finite" and u.flat for u in entry.free.values()):
        last.append(ground_state)
    return found | {check.__name__: check for check in last}
