"""Terms of three groups and more, dense and factored: every quantity against enumeration, and the
order of summation against einsum.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import bmdsl
from bmdsl.kernels.contract import follow
from bmdsl.plan.contraction import best_path
from tests import naive
from tests.inference import enumerated

FORMS = {
    "factored": (
        """visible v[3] : binary  hidden h[2] : binary  hidden y[2] : spin
      param A[3,4], B[2,4], C[2,4], b
      energy = - A[i,f] B[j,f] C[k,f] v[i] h[j] y[k] - b[i] v[i]"""
    ),
    "factored_selector": (
        """visible v[3] : binary  hidden h[2] : binary  hidden z : categorical(3)
      param A[3,2], B[2,2], C[3,2], c, d
      energy = - A[i,f] B[j,f] C[k,f] v[i] h[j] z[k] - c[j] h[j] - d[k] z[k]"""
    ),
    "four_units": (
        """visible v[2] : binary  visible u[2] : spin  hidden h[2] : binary
      hidden z : categorical(2)
      param W, c
      energy = - W[i,j,k,l] v[i] u[j] h[k] z[l] - c[k] h[k]"""
    ),
    "gated_by_binary": (
        """visible v[3] : binary  hidden h[2] : binary  hidden y[2] : binary
      param W, V, b, c, d
      energy = - W[i,j,k] v[i] h[j] y[k] - V[j,k] h[j] y[k] - b[i] v[i] - c[j] h[j] - d[k] y[k]"""
    ),
    "four_units_factored": (
        """visible v[2] : binary  visible u[2] : binary  hidden h[2] : binary  hidden y[2] : binary
      param A[2,3], B[2,3], C[2,3,2], D[2,2]
      energy = 0.5 A[i,f] B[j,f] C[k,f,g] D[l,g] v[i] u[j] h[k] y[l]"""
    ),
    "low_rank": (
        """visible v[3] : binary  hidden h[3] : binary
      param A[3,2], B[3,2], b
      energy = - A[i,f] B[j,f] v[i] h[j] - b[i] v[i]"""
    ),
    "shared_letters": (
        """visible v[3] : binary  hidden h[3] : binary  hidden y[2,3] : binary
      param W, b
      energy = - W[i,k] v[i] h[i] y[k,i] - b[i] v[i]"""
    ),
    "one_parameter_twice": (
        """visible v[3] : binary  hidden h[3] : binary  hidden y[2] : binary
      param A[3,2], C[2,2]
      energy = - A[i,f] A[j,f] C[k,f] v[i] h[j] y[k]"""
    ),
}


def machine_of(name: str, jit: bool = False, dtype: str = "float64") -> bmdsl.Machine:
    return enumerated.machine_of(FORMS[name], jit, dtype)


@pytest.mark.parametrize("name", FORMS)
def test_exact_quantities_equal_enumeration(name: str) -> None:
    m = machine_of(name)
    assert m.program.plan.multiway and not m.program.plan.listed
    enumerated.assert_exact_quantities(m, every=3)


@pytest.mark.parametrize(
    "name",
    [
        (
            pytest.param(n, marks=pytest.mark.slow)
            if n in ("four_units_factored", "shared_letters")
            else n
        )
        for n in FORMS
    ],
)
def test_every_gradient_entry_equals_the_derivative_of_the_exact_likelihood(name: str) -> None:
    enumerated.assert_exact_gradient(machine_of(name), entries=4)


@pytest.mark.parametrize(
    "name", ["factored_selector", pytest.param("four_units", marks=pytest.mark.slow)]
)
def test_the_sampler_has_the_joint_distribution(name: str) -> None:
    m = machine_of(name, jit=True, dtype="float32")
    drawn = m.sample(40_000, steps=30)
    states, w = naive.weights(m.model, m.params, [g.name for g in m.model.groups], {})
    columns = np.concatenate([states[n].reshape(-1, len(w)) for n in m.program.sizes]).T
    found = np.hstack([drawn[n].reshape(40_000, -1) for n in m.program.sizes])
    key = 3.0 ** np.arange(columns.shape[1])
    order = np.argsort(columns @ key)
    counts = np.bincount(
        np.searchsorted((columns @ key)[order], found.astype(float) @ key), minlength=len(w)
    )
    e = -w[order]
    p = np.exp(-e - np.logaddexp.reduce(-e))
    small = p * 40_000 < 5
    observed = np.append(counts[~small], counts[small].sum()) if small.any() else counts
    expected = np.append(p[~small], p[small].sum()) if small.any() else p
    assert stats.chisquare(observed, expected * 40_000 / expected.sum()).pvalue > 1e-6


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_order_of_summation_gives_einsum(data: st.DataObject) -> None:
    letters = "abcde"
    lengths = {x: data.draw(st.integers(1, 4)) for x in letters}
    arrays = data.draw(
        st.lists(
            st.lists(st.sampled_from(letters), min_size=1, max_size=4, unique=True).map(tuple),
            min_size=1,
            max_size=5,
        )
    )
    known = sorted({x for a in arrays for x in a})
    out = tuple(data.draw(st.lists(st.sampled_from(known), unique=True)))
    values = [
        np.random.default_rng(k).normal(size=[lengths[x] for x in a]) for k, a in enumerate(arrays)
    ]
    path = best_path(arrays, out, lengths)
    wanted = np.einsum(",".join("".join(a) for a in arrays) + "->" + "".join(out), *values)
    np.testing.assert_allclose(follow(path, values, list(arrays), True), wanted, atol=1e-9)
    np.testing.assert_allclose(follow(path, values, list(arrays), False), wanted, atol=1e-9)


def test_a_factored_field_is_summed_factor_by_factor() -> None:
    """784·100·100 numbers of a dense tensor are never made: every group meets its own filters
    first.
    """
    arrays = [("·", "i"), ("·", "j"), ("i", "f"), ("j", "f"), ("k", "f")]
    path = best_path(arrays, ("·", "k"), {"·": 100, "i": 784, "j": 100, "k": 100, "f": 50})
    assert path.operations == 2 * (100 * 784 * 50 + 100 * 100 * 50 + 100 * 50 + 100 * 100 * 50)
    assert path.numbers == 100 * 100


def test_a_conditional_model_s_likelihood_and_gradient_are_those_given_its_case() -> None:
    text = """model m { given x[2] : binary  visible y[3] : binary  hidden h[2] : binary  param W, b
      energy = - W[i,j,k] x[i] y[j] h[k] - b[j] y[j] }"""
    m = bmdsl.parse(text).compile(seed=1, dtype="float64", backend="reference")
    generator = np.random.default_rng(0)
    for p in m.params:
        m.params[p] = generator.normal(0, 1, m.params[p].shape)
    x, y = (
        np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0]]),
        np.array([[1.0, 0, 0], [0, 1, 1], [1, 1, 1]]),
    )

    data = {"x": x, "y": y}

    def exact() -> np.ndarray:
        return naive.log_likelihood_given(m.model, m.params, data)

    np.testing.assert_allclose(m.log_likelihood(data), exact(), atol=1e-10)
    found = m.gradient(data)
    for p, array in m.params.items():
        for at in np.ndindex(array.shape):
            assert found[p][at] == pytest.approx(
                naive.slope(array, at, lambda: exact().mean()), abs=1e-7
            )
    before = exact().mean()
    for _ in range(5):
        m.train(
            data,
            **{
                "negative": "exact",
                "positive": "exact",
                "optimizer": "sgd(rate = 0.1)",
                "batch": 3,
                "epochs": 5,
            },
        )
        assert exact().mean() > before
        before = exact().mean()
