"""`negative cd` on a DBM drew its chains' start and their first sweep from the same uniforms: each
hidden unit was bound to its state before.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import bmdsl
from bmdsl.plan.streams import POSITIVE_STREAM
from tests.stats import ALPHA, verify_counts

pytestmark = pytest.mark.compiled

TEXT = """model dbm { visible v[2] : binary  hidden h1[1] : binary  hidden h2[2] : binary
  param W, U, b, c, d
  energy = - W[i,j] v[i] h1[j] - U[j,k] h1[j] h2[k] - b[i] v[i] - c[j] h1[j] - d[k] h2[k] }"""
CASES = 100_000
COUPLING = 2.0
V, H1, H2 = range(3)
ONE = np.array([0.0, 1.0])
TWO = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
"""The states of one unit, and of two."""
SEEN = 2
"""The state of v in every case: (1, 0)."""


def parameters() -> dict[str, np.ndarray]:
    """At the case seen P(h1 | v) is what h1's bias alone says: v adds 0 to its field, and the sums
    over h2 cancel.

    A sweep of h2, then of h1, that starts from the biases alone so ends in the posterior.
    """
    U = np.array([[COUPLING, -COUPLING]])
    return {
        "W": np.array([[0.0], [-3.0]]),
        "U": U,
        "b": np.array([0.3, 1.4]),
        "c": np.array([1.5]),
        "d": -U[0] / 2,
    }


def joint(p: dict[str, np.ndarray]) -> np.ndarray:
    """P(v, h1, h2) by enumeration, [4, 2, 4]."""
    lower = (TWO @ p["b"])[:, None] + (TWO @ p["W"]) * ONE + p["c"] * ONE
    upper = ONE[:, None] * (TWO @ p["U"][0]) + TWO @ p["d"]
    weights = np.exp(lower[:, :, None] + upper)
    return weights / weights.sum()


def updated(chain: np.ndarray, p: np.ndarray, group: int) -> np.ndarray:
    """The distribution of a chain after a draw of one group given the others."""
    return chain.sum(group, keepdims=True) * p / p.sum(group, keepdims=True)


def posterior(p: np.ndarray) -> np.ndarray:
    """P(v, h1, h2 | v as it is seen)."""
    out = np.zeros_like(p)
    out[SEEN] = p[SEEN] / p[SEEN].sum()
    return out


def test_the_start_has_the_posterior_of_the_unit_that_the_sweep_begins_with():
    bias = 1 / (1 + np.exp(-parameters()["c"][0]))
    exact = posterior(joint(parameters())).sum((V, H2))
    np.testing.assert_allclose(exact, [1 - bias, bias], rtol=1e-12)


def test_units_that_depend_on_one_another_are_drawn_from_their_posterior():
    machine = bmdsl.parse(TEXT).compile(seed=3, dtype="float64")
    machine.params.update(parameters())
    data = {"v": np.tile(TWO[SEEN], (CASES, 1))}
    state = machine.draw_posterior(data, data, 0, POSITIVE_STREAM)
    number = 4 * state["h1"][:, 0] + state["h2"] @ [2, 1]
    counts = np.bincount(number.astype(int), minlength=8)
    verify_counts(counts, posterior(joint(parameters()))[SEEN].ravel())


@pytest.mark.parametrize("positive", ["exact", "gibbs(steps = 1)"])
def test_reconstructions_of_cd_are_those_of_the_posterior(positive: str):
    """One update whose gradient of b is v − v′, v′ drawn given h1 of the posterior."""
    train = (
        f"train {{ positive {positive}  negative cd(steps = 1)  optimizer sgd(rate = 1)  batch"
        f" {CASES}  updates 1 }}"
    )
    machine = bmdsl.parse(TEXT.removesuffix("}") + train + "}").compile(seed=4, dtype="float64")
    before = parameters()
    machine.params.update(before)
    machine.train(np.tile(TWO[SEEN], (CASES, 1)), progress=False)
    found = before["b"] + TWO[SEEN] - machine.params["b"]
    p = joint(before)
    exact = updated(posterior(p), p, V).sum((H1, H2)) @ TWO
    z = (found - exact) / np.sqrt(exact * (1 - exact) / CASES)
    assert abs(z).max() < stats.norm.isf(ALPHA / 2 / len(z)), f"⟨v⟩ {found}, exact {exact}, z {z}"
