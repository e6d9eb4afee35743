"""Mean field: the fixed point of a loop written out by hand, case by case, whatever cases stand
beside it.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from tests import naive

DEEP = (
    "model m { visible v[6] : binary  hidden h1[5] : binary  hidden h2[4] : binary  layers v -- h1"
    " -- h2 }"
)
GAUSSIAN = """model m { visible v[4] : gaussian  hidden h[3] : binary  hidden z : categorical(3)
  param W, b, d
  energy = - W[i,j] v[i] h[j] - b[k,j] z[k] h[j] - d[k] z[k] }"""


def machine_of(text: str) -> bmdsl.Machine:
    m = bmdsl.parse(text).compile(seed=0, dtype="float64", backend="reference")
    generator = np.random.default_rng(1)
    for name, value in m.params.items():
        m.params[name] = generator.normal(0, 1.5, value.shape)
    return m


def by_hand(
    m: bmdsl.Machine, v: np.ndarray, steps: int, tol: float
) -> tuple[np.ndarray, np.ndarray, int]:
    """h1, h2 and iterations of one case of the deep machine."""
    p = m.params
    h1, h2 = np.zeros(5), np.zeros(4)
    for used in range(1, steps + 1):
        new2 = 1 / (1 + np.exp(-(h1 @ p["W_h1_h2"] + p["b_h2"])))
        new1 = 1 / (1 + np.exp(-(v @ p["W_v_h1"] + p["W_h1_h2"] @ new2 + p["b_h1"])))
        moved = max(np.abs(new1 - h1).max(), np.abs(new2 - h2).max())
        h1, h2 = new1, new2
        if moved < tol:
            return h1, h2, used
    return h1, h2, steps


@pytest.mark.parametrize(("steps", "tol"), [(50, 1e-3), (7, 1e-3), (3, 0.0)])
def test_every_case_stops_on_its_own_tolerance(steps: int, tol: float) -> None:
    m = machine_of(DEEP)
    v = np.random.default_rng(2).integers(0, 2, (40, 6)).astype(float)
    rows, used = m.mean_field({"v": v}, steps, tol, 0.0)
    wanted = [by_hand(m, x, steps, tol) for x in v]
    assert len({w[2] for w in wanted}) > (2 if steps == 50 else 0)
    assert used == max(w[2] for w in wanted)
    np.testing.assert_allclose(rows["h1"], [w[0] for w in wanted], atol=1e-12)
    np.testing.assert_allclose(rows["h2"], [w[1] for w in wanted], atol=1e-12)


@pytest.mark.parametrize("text", [DEEP, GAUSSIAN])
@pytest.mark.parametrize("damping", [0.0, 0.4])
def test_missing_values_settle_at_a_fixed_point_and_seen_ones_stay(
    text: str, damping: float
) -> None:
    m = machine_of(text)
    v = m.sample(30, steps=3)["v"].astype(float)
    missing = np.random.default_rng(3).random(v.shape) < 0.3
    rows, used = m.mean_field({"v": np.where(missing, np.nan, v)}, 500, 1e-10, damping)
    assert used < 500
    np.testing.assert_array_equal(rows["v"][~missing], v[~missing])
    again, _ = m.mean_field({"v": np.where(missing, np.nan, v)}, 2000, 1e-14, damping)
    for name in rows:
        np.testing.assert_allclose(rows[name], again[name], atol=1e-7)


TINY = (
    "model m { visible v[3] : binary  hidden h1[3] : binary  hidden h2[2] : binary  layers v -- h1"
    " -- h2 }"
)
LOCAL = """model m { visible v[4] : binary  hidden h1[3] : binary  hidden h2[2] : spin
  param W[3,2], U[2,2], L, b, c, d
  energy = - W[x,p] v[x+p] h1[x] - U[x,p] h1[x+p] h2[x] - L[x] h1[x] h1[wrap(x+1)] - b[i] v[i]
             - c[j] h1[j] - d[k] h2[k] }"""


@pytest.mark.parametrize("text", [TINY, LOCAL])
def test_the_gradient_with_mean_field_is_the_slope_of_the_bound(text: str) -> None:
    """d/dθ of mean field's bound less log Z, log Z by brute force: local receptive fields and
    lateral terms too.
    """
    m = machine_of(text)
    for name, x in m.params.items():
        m.params[name] = 0.4 * x
    v = np.random.default_rng(4).integers(0, 2, (4, int(m.model.group("v").axes[0]))).astype(float)
    found = m.gradient(v, positive="meanfield", negative="exact")

    def value() -> float:
        return float(m.variational_bound(v, steps=3000, tol=1e-14).mean()) - naive.log_partition(
            m.model, m.params
        )

    for p, array in m.params.items():
        for at in list(np.ndindex(array.shape))[:: max(1, array.size // 2)]:
            assert found[p][at] == pytest.approx(naive.slope(array, at, value), abs=1e-6), (p, at)
