"""The variational bound: never above the exact value, equal to it where hidden units are
independent, and what its formula says.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from tests import naive

DEEP = (
    "model m { visible v[4] : binary  hidden h1[3] : binary  hidden h2[2] : spin  layers v -- h1 --"
    " h2 }"
)
LATERAL = """model m { visible v[3] : gaussian  hidden h[3] : binary  hidden z : categorical(3)
  param V symmetric  param W, b, d
  energy = - V[i,j] h[i] h[j] for i < j - W[i,j] v[i] h[j] - b[k,j] z[k] h[j] - d[k] z[k] }"""
RBM = """model m { visible v[4] : binomial(3)  hidden h[3] : nrelu  param W, b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j] }"""


def _machine(text: str) -> bmdsl.Machine:
    m = bmdsl.parse(text).compile(seed=0, dtype="float64", backend="reference")
    generator = np.random.default_rng(1)
    for name, value in m.params.items():
        x = generator.normal(0, 0.8, value.shape)
        m.params[name] = np.triu(x, 1) + np.triu(x, 1).T if m.model.parameter(name).symmetric else x
    return m


@pytest.mark.parametrize("text", [DEEP, LATERAL])
def test_bound_equals_its_definition_and_lies_below_the_likelihood(text: str) -> None:
    m = _machine(text)
    v = m.sample(6, steps=5)["v"]
    rows, _ = m.mean_field({"v": v}, 2000, 1e-14, 0.0)
    bound = m.variational_bound(v, steps=2000, tol=1e-14)
    hidden = [g.name for g in m.model.groups if g.role == "hidden"]
    base = -0.5 * (v**2).sum(1) if m.model.group("v").unit == "gaussian" else np.zeros(len(v))
    for n in range(len(v)):
        total = 0.0
        for state, _ in naive.joint_states(m.model, hidden):
            q = 1.0
            for name in hidden:
                mean, x, unit = rows[name][n], np.ravel(state[name]), m.model.group(name).unit
                p = (
                    np.where(x == 1, mean, 1 - mean)
                    if unit == "binary"
                    else (1 + x * mean) / 2
                    if unit == "spin"
                    else mean[x == 1]
                )
                q *= float(np.prod(p))
            total += q * (
                -naive.energy(m.model, m.params, {"v": v[n], **state}) + base[n] - np.log(q)
            )
        assert bound[n] == pytest.approx(total, abs=1e-7)
    assert (bound <= -m.free_energy(v=v) + 1e-9).all()
    assert (bound < -m.free_energy(v=v) - 1e-4).any()


def test_bound_is_tight_where_hidden_units_are_independent() -> None:
    m = _machine(RBM)
    v = m.sample(5, steps=5)["v"]
    np.testing.assert_allclose(m.variational_bound(v), -m.free_energy(v=v), atol=1e-9)
