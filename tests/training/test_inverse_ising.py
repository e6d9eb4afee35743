"""The pseudo-likelihood: its value and gradient by brute force; couplings of a ±J lattice found
again from samples, by it and by PCD.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.language.diagnostics import BmError
from tests.inference.test_physics import machine

pytestmark = pytest.mark.compiled

MODELS = [
    (
        "model m { visible s[3, 3] : spin  param J, h  energy = - J[x,y] s[x,y] s[wrap(x+1),y] -"
        " h[x,y] s[x,y] }"
    ),
    (
        "model m { visible s[5] : spin  param J, h  energy = - J[i] s[i] s[wrap(i+1)] s[wrap(i+2)]"
        " - h[i] s[i] }"
    ),
    (
        "model m { visible s[4] : categorical(3)  param J, f  energy = - J[i,a,j,b] s[i,a] s[j,b]"
        " for i < j - f[i,a] s[i,a] }"
    ),
    (
        "model m { visible v[4] : binary  visible x[3] : gaussian  visible z : categorical(2) "
        " param W, P, b  energy = - W[i,k] v[i] x[k] - P[k,a] x[k]^2 z[a] - b[i,a] v[i] z[a] }"
    ),
    "model m { visible v[6] : binary  param U symmetric  energy = - U[i,j] v[i] v[j] for i < j }",
]


def pseudo(m: bmdsl.Machine, data: dict[str, np.ndarray]) -> float:
    """Σ_i log P(x_i | rest) a case, unit by unit, from energies: a Gaussian by quadrature."""
    total = 0.0
    for g in m.model.groups:
        width = 1 if g.states is None else int(g.states)
        if g.unit == "gaussian":
            x, w = np.polynomial.hermite_e.hermegauss(60)
            nodes, weights = x, np.log(w) + x**2 / 2
        elif g.states is not None:
            nodes, weights = np.eye(width), np.zeros(width)
        else:
            nodes = np.array([-1.0, 1.0]) if g.unit == "spin" else np.array([0.0, 1.0])
            weights = np.zeros(2)
        units = data[g.name].reshape(len(data[g.name]), -1, width).shape[1]
        for u in range(units):
            logs = []
            for node, weight in zip(nodes, weights, strict=True):
                moved = {n: np.array(x) for n, x in data.items()}
                moved[g.name].reshape(len(moved[g.name]), -1, width)[:, u] = node
                logs.append(weight - m.energy(**moved))
            total += float((-m.energy(**data) - np.logaddexp.reduce(logs)).mean())
    return total


@pytest.mark.parametrize("text", MODELS)
def test_value_and_gradient_are_those_of_brute_force(text: str) -> None:
    m = bmdsl.parse(text).compile(dtype="float64")
    generator = np.random.default_rng(0)
    for name, x in m.params.items():
        value = generator.normal(0, 0.3, x.shape)
        m.params[name] = (
            (value + value.T) * (1 - np.eye(len(value))) if "symmetric" in text else value
        )
    data = {n: x for n, x in m.sample(6, steps=5).items()}
    weights = np.full(6, 1 / 6)
    out = {n: np.zeros_like(x) for n, x in m.params.items()}
    assert m.pseudolikelihood(data, weights, out, 1.0) == pytest.approx(pseudo(m, data), abs=1e-8)
    m.tie(out)
    for name, x in m.params.items():
        for at in np.ndindex(x.shape):
            places = {at, at[::-1]} if "symmetric" in text else {at}
            if len(places) == 1 and "symmetric" in text:
                continue
            sides = []
            for step in (1e-5, -1e-5):
                moved = x.copy()
                for place in places:
                    moved[place] += step
                kept = x.copy()
                m.params[name] = moved
                sides.append(m.pseudolikelihood(data, weights, None, 1.0))
                m.params[name] = kept
            assert out[name][at] == pytest.approx((sides[0] - sides[1]) / 2e-5, abs=1e-7), (
                name,
                at,
            )


FULL = """model full(n = 64) {
  visible s[n] : spin
  param J init 0 symmetric
  param h
  energy = - J[i,j] s[i] s[j] for i < j - h[i] s[i]
  train { %s  schedule cosine  batch 1000  epochs 10 }
}"""


def lattice(beta: float, cases: int) -> tuple[np.ndarray, np.ndarray]:
    """True couplings [64, 64] of an 8 × 8 ±J lattice, and independent samples of it."""
    m = bmdsl.parse(
        "model m { visible s[8, 8] : spin  param J, K  energy = - J[x,y] s[x,y] s[wrap(x+1),y] -"
        " K[x,y] s[x,y] s[x,wrap(y+1)] }"
    ).compile(dtype="float64")
    generator = np.random.default_rng(0)
    at, true = np.arange(64).reshape(8, 8), np.zeros((64, 64))
    for axis, name in enumerate(("J", "K")):
        m.params[name] = beta * generator.choice([-1.0, 1.0], (8, 8))
        ends = np.roll(at, -1, axis)
        true[at, ends] += m.params[name]
        true[ends, at] += m.params[name]
    return true, m.exact_sample(cases)["s"].reshape(cases, 64).astype(np.float32)


PHASES = (
    "objective pseudolikelihood  optimizer adam(rate = 0.02)",
    "negative pcd(steps = 2, chains = 2000)  optimizer adam(rate = 0.01)",
)


@pytest.mark.parametrize("how", PHASES)
def test_the_couplings_of_a_glass_are_found_again(how: str) -> None:
    """√(Σ(J − J*)²/ΣJ*²) over all 2,016 pairs, from 10⁵ samples at beta 0.5: 0.054 and 0.053;
    unregularised logistic regressions give 0.052.
    """
    true, s = lattice(0.5, 100_000)
    m = bmdsl.parse(FULL % how).compile()
    m.train(s)
    pairs = np.triu_indices(64, 1)
    found, wanted = m.params["J"][pairs], true[pairs]
    assert np.sqrt(((found - wanted) ** 2).sum() / (wanted**2).sum()) < 0.06
    assert (np.sign(found) == np.sign(wanted))[wanted != 0].all() and np.abs(
        found[wanted == 0]
    ).max() < 0.05


def test_what_has_hidden_units_has_no_pseudolikelihood():
    text = (
        "model m { visible v[3] : binary  hidden h[2] : binary  param W  energy = - W[i,j] v[i]"
        " h[j]  train { objective pseudolikelihood } }"
    )
    with pytest.raises(BmError, match="BM760") as caught:
        bmdsl.parse(text).compile().train(np.ones((4, 3)))
    assert "objective pseudolikelihood" in str(caught.value)


def test_centring_and_missing_values_are_refused():
    m = machine(MODELS[0].replace(" }", "  train { objective pseudolikelihood  center on } }"))
    with pytest.raises(BmError, match="BM755"):
        m.train(np.ones((4, 3, 3)))
    m = machine(MODELS[0].replace(" }", "  train { objective pseudolikelihood } }"))
    with pytest.raises(BmError, match="BM752"):
        m.train(np.full((4, 3, 3), np.nan))
