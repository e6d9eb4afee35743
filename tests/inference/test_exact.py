"""Every derived quantity against brute-force enumeration of the energy's definition."""

from __future__ import annotations

import numpy as np
import pytest

from tests import naive
from tests.build import ALL, machine

JIT = (False,)


def _random(m, generator):  # type: ignore[no-untyped-def]
    for name, value in m.params.items():
        x = generator.normal(0, 0.7, value.shape)
        if m.model.parameter(name).symmetric:
            x = np.triu(x, 1)
            x = x + x.T
        m.params[name] = x


def _cases(model, count, generator):  # type: ignore[no-untyped-def]
    names = [g.name for g in model.groups if g.role == "visible"]
    states = list(naive.joint_states(model, names))
    chosen = generator.integers(0, len(states), count)
    pairs = [states[i] for i in chosen]
    # a quadrature weight is no base measure: a case's own base is computed from the unit type's
    # definition
    return [s for s, _ in pairs], [_base(model, s) for s, _ in pairs]


def _base(model, state):  # type: ignore[no-untyped-def]
    total = 0.0
    for g in model.groups:
        if g.name in state and g.unit == "gaussian":
            total += float(-0.5 * (state[g.name] ** 2).sum() / dict(g.options)["sigma"] ** 2)
        elif g.name in state and g.unit == "binomial":
            values = dict(naive.unit_states(g.unit, dict(g.options)))
            total += sum(values[float(x)] for x in state[g.name].ravel())
    return total


@pytest.fixture(params=ALL, ids=lambda f: f.__name__)
def case(request):  # type: ignore[no-untyped-def]
    m = machine(request.param())
    generator = np.random.default_rng(3)
    _random(m, generator)
    cases, bases = _cases(m.model, 5, generator)
    data = {n: np.stack([c[n] for c in cases]) for n in cases[0]}
    return m, data, cases, bases


def test_energy_equals_its_definition(case):  # type: ignore[no-untyped-def]
    m, *_ = case
    names = [g.name for g in m.model.groups if g.unit != "gaussian"]
    if len(names) < len(m.model.groups):
        generator = np.random.default_rng(0)
        states = [
            (s | {"v": generator.normal(size=2)}, b) for s, b in naive.joint_states(m.model, names)
        ]
    else:
        states = list(naive.joint_states(m.model, names))
    got = m.energy(**{n: np.stack([s[n] for s, _ in states]) for n in states[0][0]})
    want = [naive.energy(m.model, m.params, s) - _base(m.model, s) for s, _ in states]
    np.testing.assert_allclose(got, want, atol=1e-10)


def test_log_partition_equals_enumeration(case):  # type: ignore[no-untyped-def]
    m, *_ = case
    assert m.log_partition() == pytest.approx(naive.log_partition(m.model, m.params), abs=1e-8)


def test_free_energy_equals_enumeration(case):  # type: ignore[no-untyped-def]
    m, data, cases, bases = case
    want = [naive.free_energy(m.model, m.params, v, b) for v, b in zip(cases, bases, strict=True)]
    np.testing.assert_allclose(m.free_energy(**data), want, atol=1e-8)


def test_posterior_equals_enumeration(case):  # type: ignore[no-untyped-def]
    m, data, cases, _ = case
    got = m.posterior(**data)
    for r, v in enumerate(cases):
        for name, mean in naive.posterior(m.model, m.params, v).items():
            np.testing.assert_allclose(got[name][r], mean, atol=1e-8)


def test_gradient_equals_finite_differences_of_the_exact_likelihood(case):  # type: ignore[no-untyped-def]
    m, data, cases, bases = case
    got = m.gradient(data)
    step = 1e-5
    for p in m.model.parameters:
        array = m.params[p.name]
        for at in np.ndindex(array.shape):
            if p.symmetric and at[0] >= at[1]:
                continue
            both = [at, at[::-1]] if p.symmetric else [at]
            old = float(array[at])
            values = []
            for x in (old + step, old - step):
                for where in both:
                    array[where] = x
                values.append(naive.log_likelihood(m.model, m.params, cases, bases))
            for where in both:
                array[where] = old
            want = (values[0] - values[1]) / (2 * step)
            for where in both:
                assert got[p.name][where] == pytest.approx(want, abs=1e-7), (p.name, at)
        if p.symmetric:
            np.testing.assert_array_equal(got[p.name], got[p.name].T)
            np.testing.assert_array_equal(np.diagonal(got[p.name]), 0)
