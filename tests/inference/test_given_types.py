"""Given groups of every registered type: energy, free energy, bound, likelihood, posterior and
gradient have one definition of −E + base.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import bmdsl
from bmdsl import units

CANDIDATES = (np.array([[0.3, 0.9], [0.5, 0.1]]), np.array([[1.0, 3.0], [2.0, 0.0]]))
STATES = np.array(list(itertools.product((0.0, 1.0), repeat=2)))
GENERATOR = np.random.default_rng(8)


class Case:
    """A machine with two given units of a type beside visible and hidden ones, and two cases."""

    def __init__(self, name: str, tied: bool) -> None:
        unit = units.get(name)
        options = [o.default if o.default is not None else 2 for o in unit.options]
        written = ", ".join(f"{o.name} = {v:g}" for o, v in zip(unit.options, options, strict=True))
        one_of_k = unit.states is not None
        self.k = int(options[0]) if one_of_k else unit.components or 1
        axes = "[i,a]" if self.k > 1 else "[i]"
        energy = (
            f"- W[j,l] v[j] h[l] - A{axes[:-1]},j] x{axes} v[j] - B{axes[:-1]},l] x{axes} h[l] -"
            " c[l] h[l]" + " - U h[0] h[1]" * tied
        )
        text = (
            f"model m {{ given x[2] : {name}{f'({written})' if written else ''}  visible v[2] :"
            f" binary  hidden h[2] : binary  param W, A, B, c{', U' if tied else ''}  energy ="
            f" {energy} }}"
        )
        self.machine = bmdsl.parse(text).compile(dtype="float64", backend="reference")
        for p, x in self.machine.params.items():
            self.machine.params[p] = GENERATOR.normal(0, 0.6, x.shape)
        self.v, self.base = np.array([[1.0, 0.0], [1.0, 1.0]]), np.zeros(2)
        if one_of_k:
            self.x = np.eye(self.k)[GENERATOR.integers(0, self.k, (2, 2))]
        elif unit.components:
            angle = np.array([[0.2, 1.4], [3.0, -1.0]])
            self.x = np.stack([np.cos(angle), np.sin(angle)], axis=2)
        else:
            arguments = tuple(float(v) for v in options)
            support = unit.support(*arguments)
            self.x = (
                next(c for c in CANDIDATES if np.all(unit.contains(c, *arguments)))
                if support is None
                else GENERATOR.choice(support, (2, 2))
            )
            self.base = np.array(
                [sum(float(unit.log_base(float(v), *arguments)) for v in row) for row in self.x]
            )
        self.data = {"x": self.x, "v": self.v}

    def minus_energy(self, n: int, v: np.ndarray, h: np.ndarray) -> float:
        p, x = self.machine.params, self.x[n].reshape(2, -1)
        a, b = p["A"].reshape(2, -1, 2), p["B"].reshape(2, -1, 2)
        own = float(p["U"] * h[0] * h[1]) if "U" in p else 0.0
        return float(
            v @ p["W"] @ h
            + np.einsum("ia,iaj,j->", x, a, v)
            + np.einsum("ia,ial,l->", x, b, h)
            + p["c"] @ h
            + own
        )

    def weights(self, n: int) -> np.ndarray:
        """−E + log base of every hidden state beside case n."""
        return np.array([self.minus_energy(n, self.v[n], h) for h in STATES]) + self.base[n]

    def log_likelihood(self) -> np.ndarray:
        out = []
        for n in range(2):
            every = (
                np.array([self.minus_energy(n, v, h) for v in STATES for h in STATES])
                + self.base[n]
            )
            out.append(np.logaddexp.reduce(self.weights(n)) - np.logaddexp.reduce(every))
        return np.array(out)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("name", units.names())
def test_every_quantity_has_a_given_base_measure_in_it(name: str, tied: bool) -> None:
    case = Case(name, tied)
    m, data = case.machine, case.data
    h = np.array([[1.0, 0.0], [1.0, 1.0]])
    np.testing.assert_allclose(
        m.energy(**data, h=h),
        [-case.minus_energy(n, case.v[n], h[n]) - case.base[n] for n in range(2)],
        atol=1e-10,
    )
    minus_f = np.array([np.logaddexp.reduce(case.weights(n)) for n in range(2)])
    np.testing.assert_allclose(-m.free_energy(**data), minus_f, atol=1e-10)
    bound = m.variational_bound(data, steps=1000, tol=1e-13)
    if tied:
        assert (bound <= minus_f + 1e-9).all() and (bound >= minus_f - 0.5).all()
    else:
        np.testing.assert_allclose(bound, minus_f, atol=1e-9)
    np.testing.assert_allclose(m.log_likelihood(data), case.log_likelihood(), atol=1e-10)
    for n in range(2):
        w = case.weights(n)
        p = np.exp(w - np.logaddexp.reduce(w))
        np.testing.assert_allclose(
            m.posterior(**{g: x[n : n + 1] for g, x in data.items()})["h"][0], p @ STATES, atol=1e-9
        )
    means = m.mean_field(data, 1000, 1e-13, 0.0)[0]
    q = means["h"]
    eta = case.machine.conditional("h", **data, h=q)
    np.testing.assert_allclose(q, eta, atol=1e-9)
    found = m.gradient(data)
    for name_, x in m.params.items():
        for at in list(np.ndindex(x.shape))[:4]:
            kept, sides = float(x[at]), []
            for step in (1e-5, -1e-5):
                x[at] = kept + step
                sides.append(case.log_likelihood().mean())
            x[at] = kept
            assert found[name_][at] == pytest.approx((sides[0] - sides[1]) / 2e-5, abs=1e-8), (
                name_,
                at,
            )


@pytest.mark.parametrize("name", ["gaussian", "binomial", "categorical", "binary"])
def test_the_bound_of_a_case_with_missing_values_is_that_of_what_is_observed(name: str) -> None:
    """Where a missing unit is independent of the others given the rest of q, the bound is −log of
    the sum over it.
    """
    word = {"binomial": "binomial(3)", "categorical": "categorical(3)"}.get(name, name)
    letters = "[i,a]" if name == "categorical" else "[i]"
    text = (
        f"model m {{ visible x[2] : {word}  visible v : binary  param A, b  energy = - A{letters}"
        f" x{letters} v - b{letters} x{letters} }}"
    )
    m = bmdsl.parse(text).compile(dtype="float64", backend="reference")
    for p, value in m.params.items():
        m.params[p] = GENERATOR.normal(0, 0.6, value.shape)
    x = {
        "gaussian": [0.4, -1.1],
        "binomial": [1.0, 3.0],
        "binary": [1.0, 0.0],
        "categorical": [[0.0, 1, 0], [1, 0, 0]],
    }[name]
    full = {"x": np.array([x]), "v": np.array([1.0])}
    hole = {"x": full["x"].copy(), "v": full["v"]}
    hole["x"][0, 1] = np.nan
    grid = np.linspace(-10, 10, 4001)
    states = {
        "gaussian": grid,
        "binomial": np.arange(4.0),
        "binary": np.arange(2.0),
        "categorical": np.eye(3),
    }[name]
    filled = np.repeat(full["x"], len(states), axis=0)
    filled[:, 1] = states
    exact = np.logaddexp.reduce(-m.energy(x=filled, v=np.ones(len(states)))) + (
        np.log(grid[1] - grid[0]) if name == "gaussian" else 0
    )
    np.testing.assert_allclose(m.variational_bound(hole, steps=500, tol=1e-13), exact, atol=1e-7)
    np.testing.assert_allclose(m.variational_bound(full), -m.energy(**full), atol=1e-10)
