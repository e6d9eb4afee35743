"""log Z by tables of exponentials: the same number as brute force, and as the way that holds for
any machine.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

import bmdsl
from bmdsl.inference import paired_states
from tests import naive

TWO_SIDES = """model m { visible v[4] : binary  visible s[2] : spin  hidden h[3] : KIND
  hidden g[1] : binary  param W, U, X, b, c, d, e
  energy = - W[i,j] v[i] h[j] - U[i,j] s[i] h[j] - X[i,j] v[i] g[j] - b[i] v[i] - c[j] h[j]
             - d[i] s[i] - e[j] g[j] }"""


def _machine(
    text: str, scale: float = 0.8, dtype: str = "float64", **arguments: float
) -> bmdsl.Machine:
    m = bmdsl.parse(text, **arguments).compile(seed=0, dtype=dtype)
    for k, (name, value) in enumerate(m.params.items()):
        m.params[name] = np.random.default_rng(k).normal(0, scale, value.shape)
    return m


@pytest.mark.parametrize("kind", ["binary", "spin"])
def test_tables_equal_brute_force(kind: str) -> None:
    m = _machine(TWO_SIDES.replace("KIND", kind))
    found = m.paired_log_z(m.held_fields())
    assert found == pytest.approx(naive.log_partition(m.model, m.params), abs=1e-9)


def test_states_of_more_than_two_may_be_enumerated() -> None:
    m = _machine("""model m { visible v[30] : binary  hidden z[4] : categorical(3)  param W, b, c
      energy = - W[i,j,k] v[i] z[j,k] - b[i] v[i] - c[j,k] z[j,k] }""")
    states = np.stack([np.eye(3)[list(np.unravel_index(k, (3,) * 4))] for k in range(81)])
    eta = np.einsum("ijk,njk->ni", m.params["W"], states) + m.params["b"]
    wanted = logsumexp(np.logaddexp(0, eta).sum(1) + np.einsum("njk,jk->n", states, m.params["c"]))
    assert m.paired_log_z(m.held_fields()) == pytest.approx(wanted, abs=1e-9)


RBM = """model m(D = 200, H = 12) { visible v[D] : binary  hidden h[H] : binary  param W, b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j] }"""


@pytest.mark.parametrize("scale", [0.1, 3.0, 30.0])
def test_products_neither_overflow_nor_lose_digits(scale: float) -> None:
    m = _machine(RBM, scale)
    states = ((np.arange(4096)[:, None] >> np.arange(12)) & 1).astype(float)
    wanted = logsumexp(
        np.logaddexp(0, states @ m.params["W"].T + m.params["b"]).sum(1) + states @ m.params["c"]
    )
    assert m.paired_log_z(m.held_fields()) == pytest.approx(wanted, rel=1e-12)


def test_fields_past_all_exponentials_take_the_general_way() -> None:
    m = _machine(RBM, 300.0)
    assert m.paired_log_z(m.held_fields()) is None
    assert np.isfinite(m.log_partition())


def test_terms_that_are_no_plain_couplings_take_the_general_way() -> None:
    m = _machine(
        "model m { visible v[3] : binomial(2)  hidden h[3] : binary  param W energy = - W[i,j] v[i]"
        " h[j] }"
    )
    chosen = ("h",)
    assert not paired_states.fits(m.program, chosen, ("v",))
    assert m.log_partition() == pytest.approx(naive.log_partition(m.model, m.params), abs=1e-9)
