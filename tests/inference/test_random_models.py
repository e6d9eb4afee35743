"""Random models of the language against brute-force enumeration of what was drawn: every derived
quantity, every gradient entry.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import bmdsl
from tests import oracle
from tests.oracle import Drawn, Group
from tests.random_models import COSTS, finite_types, models, parameter_values

CASES = 3
drawn = settings(
    max_examples=120,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)


class Case:
    """A drawn model, its machine with random parameters, and a few data cases."""

    def __init__(self, m: Drawn, seed: int, jit: bool = False) -> None:
        self.m = m
        self.machine = bmdsl.parse(m.text).compile(
            seed=seed, dtype="float64", backend="numba" if jit else "reference"
        )
        self.params = parameter_values(m, seed)
        while not _is_proper(m, self.params):
            self.params = {n: 0.5 * x for n, x in self.params.items()}
        assert {n: x.shape for n, x in self.machine.params.items()} == {
            p.name: p.shape for p in m.all_parameters
        }
        for name, x in self.params.items():
            self.machine.params[name] = x
        generator = np.random.default_rng(seed)
        self.states = {g.name: _random_states(g, generator, CASES) for g in m.groups}
        self.data = {g.name: self.states[g.name] for g in m.of_role("visible")}
        self.cases = [{n: x[r] for n, x in self.data.items()} for r in range(CASES)]

    def summable(self, roles: tuple[str, ...]) -> bool:
        """Whether groups of these roles can be summed exactly: no term couples units without a
        finite support with one another.
        """
        return not _pairs_continuous(self.m, roles)


def _random_states(g: Group, generator: np.random.Generator, n: int) -> np.ndarray:
    if g.unit == "exponential":
        return generator.uniform(0, dict(g.options)["max"], (n, *g.axes))
    if g.unit == "gaussian":
        return generator.normal(0, 1, (n, *g.axes))
    support = np.array([s for s, _ in oracle.unit_states(g)])
    return support[generator.integers(0, len(support), (n, g.count))].reshape(n, *g.axes)


def _gaussians(m: Drawn) -> list[tuple[Group, int]]:
    return [(g, u) for g in m.groups if g.unit == "gaussian" for u in range(g.count)]


def _curvature(m: Drawn, params: dict[str, np.ndarray]) -> np.ndarray:
    """Second derivatives of −E in the Gaussian units (terms have at most two units, so they are
    constants).
    """
    found = _gaussians(m)
    zero = {g.name: np.zeros(g.axes) for g in m.groups}

    def at(*moved: int) -> float:
        state = {n: x.copy() for n, x in zero.items()}
        for k in moved:
            state[found[k][0].name].reshape(-1)[found[k][1]] += 1.0
        return -float(oracle.energy(m, params, {n: x[None] for n, x in state.items()})[0])

    n = len(found)
    return np.array(
        [[at(a, b) - at(a) - at(b) + at() for b in range(n)] for a in range(n)]
    ).reshape(n, n)


def _is_proper(m: Drawn, params: dict[str, np.ndarray]) -> bool:
    """Whether Z is finite, with a margin that the oracle's quadrature needs."""
    found = _gaussians(m)
    if not found:
        return True
    sigma = np.array([dict(g.options)["sigma"] for g, _ in found])
    return bool(np.linalg.eigvalsh(_curvature(m, params) * np.outer(sigma, sigma)).max() < 0.35)


def _pairs_continuous(m: Drawn, roles: tuple[str, ...]) -> bool:
    """Whether a term has two units without a finite support of these roles, other than the square
    of one unit.
    """
    for a in m.all_addends:
        factors = [f.base if isinstance(f, oracle.Power) else f for f in a.product.factors]
        found = [
            f
            for f in factors
            if isinstance(f, oracle.Unit) and f.group.unit in COSTS and f.group.role in roles
        ]
        if len(found) == 2 and found[0] != found[1]:
            return True
    return False


def _close(got: object, want: object) -> None:
    np.testing.assert_allclose(
        np.asarray(got, float), np.asarray(want, float), rtol=1e-8, atol=1e-8
    )


def _verify(case: Case) -> None:
    m, machine, params = case.m, case.machine, case.params
    flat = [g for g in m.groups if g.unit not in COSTS]
    states = oracle.joint_states(m.groups)[0] if len(flat) == len(m.groups) else case.states
    base = sum(oracle.base_at(g, states[g.name]) for g in m.groups)
    _close(machine.energy(**states), oracle.energy(m, params, states) - base)
    for g in m.groups:
        got = machine.conditional(g.name, **case.states)
        for r in range(CASES):
            _close(
                got[r],
                oracle.unit_conditional(m, params, g, {n: x[r] for n, x in case.states.items()}),
            )
    if case.summable(("hidden",)):
        _close(
            machine.free_energy(**case.data), [oracle.free_energy(m, params, v) for v in case.cases]
        )
        posterior = machine.posterior(**case.data)
        for r, v in enumerate(case.cases):
            for name, mean in oracle.posterior(m, params, v).items():
                _close(posterior[name][r], mean)
    else:
        with pytest.raises(bmdsl.BmError, match="BM801"):
            machine.free_energy(**case.data)
    if case.summable(("visible", "hidden")):
        log_z = oracle.log_partition(m, params)
        _close(machine.log_partition(), log_z)
        _close(
            machine.log_likelihood(case.data),
            [-oracle.free_energy(m, params, v) - log_z for v in case.cases],
        )
        want = oracle.gradient(m, params, case.cases)
        got_gradient = machine.gradient(case.data)
        assert set(got_gradient) == set(want)
        for name in want:
            _close(got_gradient[name], want[name])
    else:
        with pytest.raises(bmdsl.BmError, match="BM801"):
            machine.log_partition()


@drawn
@given(models(), st.integers(0, 1000))
def test_every_derived_quantity_of_a_random_model_equals_enumeration(m, seed):  # type: ignore[no-untyped-def]
    _verify(Case(m, seed))


def test_drawn_types_are_all_that_have_a_finite_support():
    assert {"binary", "spin", "categorical", "binomial"} <= set(finite_types())
