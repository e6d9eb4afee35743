"""A one-of-K unit that selects slices of a third-order term: joint draws, responsibilities at a
temperature, all orders of the parameter's axes.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats as st

import bmdsl
from tests import naive

ORDERS = ["".join(p) for p in itertools.permutations("ikj")]


def mixture(order: str, jit: bool = True, dtype: str = "float64") -> bmdsl.Machine:
    text = f"""model m {{
      visible v[3] : binary  hidden h[2] : binary  hidden z : categorical(3)
      param W, b, c, d
      energy = - W[{",".join(order)}] v[i] z[k] h[j] - b[i] v[i] - c[k,j] z[k] h[j] - d[k] z[k]
    }}"""
    m = bmdsl.parse(text).compile(seed=1, dtype=dtype, backend="numba" if jit else "reference")
    generator = np.random.default_rng(0)
    W = generator.normal(0, 1, (3, 3, 2))
    m.params["W"] = W.transpose(["ikj".index(x) for x in order])
    for name in "bcd":
        m.params[name] = np.random.default_rng(ord(name)).normal(0, 0.7, m.params[name].shape)
    return m


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("order", ORDERS)
def test_the_order_of_the_axes_changes_nothing(order: str, jit: bool) -> None:
    m, first = mixture(order, jit), mixture("ikj", False)
    v = ((np.arange(8)[:, None] >> np.arange(3)) & 1).astype(float)
    np.testing.assert_allclose(m.free_energy(v=v), first.free_energy(v=v), atol=1e-12)
    assert m.log_partition() == pytest.approx(naive.log_partition(m.model, m.params), abs=1e-10)
    data = v[[1, 3, 6]]
    found, wanted = m.gradient(data), first.gradient(data)
    np.testing.assert_allclose(
        found["W"].transpose([order.index(x) for x in "ikj"]), wanted["W"], atol=1e-12
    )


@pytest.mark.parametrize("order", ["ikj", "kij", "jik"])
def test_joint_draws_have_the_exact_posterior(order: str) -> None:
    """One sweep with v held is one draw of (z, h) from P(z, h | v), wherever it starts."""
    m = mixture(order)
    v = np.tile([1.0, 0.0, 1.0], (30_000, 1))
    drawn = m.sample(30_000, steps=1, clamp={"v": v})
    code = np.argmax(drawn["z"], 1) * 4 + drawn["h"] @ [1, 2]
    states = [(np.eye(3)[k], np.array([a & 1, a >> 1], float)) for k in range(3) for a in range(4)]
    e = m.energy(
        v=np.tile(v[:1], (12, 1)),
        z=np.array([z for z, _ in states]),
        h=np.array([h for _, h in states]),
    )
    p = np.exp(-e - np.logaddexp.reduce(-e))
    assert st.chisquare(np.bincount(code.astype(int), minlength=12), p * 30_000).pvalue > 1e-6


def test_the_two_step_sampler_has_the_joint_distribution() -> None:
    m = mixture("ikj", dtype="float32")
    drawn = m.sample(40_000, steps=30)
    code = (
        drawn["v"] @ [1, 2, 4] + 8 * np.argmax(drawn["z"], 1) + 24 * (drawn["h"] @ [1, 2])
    ).astype(int)
    everything = [(v, k, a) for a in range(4) for k in range(3) for v in range(8)]
    v = np.array([[(x >> i) & 1 for i in range(3)] for x, _, _ in everything], float)
    h = np.array([[a & 1, a >> 1] for _, _, a in everything], float)
    e = m.energy(v=v, z=np.eye(3)[[k for _, k, _ in everything]], h=h).astype(float)
    p = np.exp(-e - np.logaddexp.reduce(-e))
    counts, wanted = np.bincount(code, minlength=96), p * 40_000
    small = wanted < 5
    observed = np.append(counts[~small], counts[small].sum()) if small.any() else counts
    expected = np.append(wanted[~small], wanted[small].sum()) if small.any() else wanted
    assert st.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue > 1e-6


def test_responsibilities_are_those_at_the_temperature() -> None:
    """P(z | v) ∝ exp(−F(v, z)/T), F(v, z) by enumeration; the free energy knows nothing of T."""
    cold = mixture("ikj")
    v = ((np.arange(8)[:, None] >> np.arange(3)) & 1).astype(float)
    f = np.empty((8, 3))
    for k in range(3):
        z = np.tile(np.eye(3)[k], (8, 1))
        parts = [
            -cold.energy(v=v, z=z, h=np.tile([a & 1, a >> 1], (8, 1)).astype(float))
            for a in range(4)
        ]
        f[:, k] = -np.logaddexp.reduce(parts)
    for T in (1.0, 5.0):
        with cold.tempered({"z": T}):
            _, weights = cold.posterior_rows({"v": v})
        p = np.exp(-f / T)
        np.testing.assert_allclose(weights.reshape(8, 3), p / p.sum(1, keepdims=True), atol=1e-12)
    np.testing.assert_allclose(cold.free_energy(v=v), -np.logaddexp.reduce(-f, axis=1), atol=1e-12)


def test_training_by_the_exact_gradient_climbs_the_exact_likelihood() -> None:
    m = mixture("ikj")
    data = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1], [0, 1, 1]], float)
    values = [m.log_likelihood(data).mean()]
    for _ in range(12):
        m.train(
            data, positive="exact", negative="exact", optimizer="sgd(rate = 0.2)", batch=4, epochs=5
        )
        values.append(m.log_likelihood(data).mean())
    assert (np.diff(values) > 0).all() and values[-1] > values[0] + 0.3


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        (
            "visible x[9] : binary  visible y[9] : spin  hidden h[9] : binary  param W, c  energy ="
            " - W[i,j,k] x[i] y[j] h[k] - c[k] h[k]"
        ),
        (
            "visible x[9] : binary  given y[9] : binary  hidden h[9] : binary  param A, B, C "
            " energy = - A[i,f] B[j,f] C[k,f] x[i] y[j] h[k] for f in 0..3"
        ),
        (
            "visible a[9] : binary  visible b[9] : spin  hidden c[9] : binary  hidden d :"
            " categorical(5)  param W  energy = - W[i,j,k,l] a[i] b[j] c[k] d[l]"
        ),
        (
            "visible v[9] : binary  visible y : categorical(5)  hidden h[9] : binary  param W, U, c"
            "  energy = - W[i,j] v[i] h[j] - U[k,j] y[k] h[j] - c[j] h[j]"
        ),
        (
            "visible v[9] : binary  hidden z : categorical(5)  param U, d  energy = - U[i,k] v[i]"
            " z[k] - d[k] z[k]"
        ),
        (
            "visible v[9] : gaussian  hidden h[9] : binary  hidden z : categorical(4)  param W, c "
            " energy = - W[z1,i,j] z[z1] v[i] h[j] - c[z1,j] z[z1] h[j]"
        ),
    ],
)
def test_third_order_models_of_every_kind_are_verified(text: str) -> None:
    from bmdsl.tasks.verify import verify

    found = verify(bmdsl.parse(f"model m {{ {text} }}"))
    assert found.passed, [r for r in found.rows if not r.passed]


def test_a_unit_whose_states_do_not_fit_is_refused_with_their_size() -> None:
    m = bmdsl.parse("""model m { visible v[4] : binary  hidden z : categorical(20000)  param W
      energy = - W[i,k] v[i] z[k] }""").compile(backend="reference")
    with pytest.raises(
        bmdsl.BmError,
        match=r"20,000 states of `z` takes 20,000 rows of 20,004 numbers[\s\S]*fewer states",
    ):
        m.transform(np.zeros((2, 4)), "unnormalised")


def test_visible_and_hidden_units_given_a_component_are_those_of_its_rbm() -> None:
    """P(v, h | z): chains with z held, against enumeration."""
    m = mixture("ikj", dtype="float32")
    z = np.tile(np.eye(3)[1], (40_000, 1))
    drawn = m.sample(40_000, steps=30, clamp={"z": z})
    assert (drawn["z"] == z).all()
    code = (drawn["v"] @ [1, 2, 4] + 8 * (drawn["h"] @ [1, 2])).astype(int)
    v = np.array([[(x >> i) & 1 for i in range(3)] for _ in range(4) for x in range(8)], float)
    h = np.array([[a & 1, a >> 1] for a in range(4) for _ in range(8)], float)
    e = m.energy(v=v, z=np.tile(np.eye(3)[1], (32, 1)), h=h).astype(float)
    p = np.exp(-e - np.logaddexp.reduce(-e))
    assert st.chisquare(np.bincount(code, minlength=32), p * 40_000).pvalue > 1e-6
    exact = m.marginals(clamp={"z": z[:1]})
    np.testing.assert_allclose(exact["v"], p @ v, atol=1e-5)
    np.testing.assert_allclose(exact["h"], p @ h, atol=1e-5)
