"""Missing values in exact methods: random models and random holes against enumeration, real units
against closed forms.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

import bmdsl
from bmdsl.language.diagnostics import BmError
from tests.naive import slope
from tests.oracle import Drawn, energy, joint_states
from tests.random_models import COSTS, models, parameter_values

Array = np.ndarray
MANY = list(HealthCheck)


def holed(
    m: Drawn, states: dict[str, Array], generator: np.random.Generator, cases: int
) -> dict[str, Array]:
    """Cases of the visible groups with whole units missing at random, in some all of them, in some
    none.
    """
    rows = generator.integers(0, len(next(iter(states.values()))), cases)
    out = {}
    for g in m.of_role("visible"):
        x = states[g.name][rows].astype(float)
        share = generator.choice([0.0, 0.4, 1.0], cases, p=[0.25, 0.6, 0.15])
        hole = generator.random((cases, *g.shape)) < share.reshape(-1, *(1 for _ in g.shape))
        x[hole] = np.nan
        out[g.name] = x
    return out


def agrees(states: dict[str, Array], data: dict[str, Array], r: int) -> Array:
    """Which joint states have what case r shows."""
    keep = np.ones(len(next(iter(states.values()))), bool)
    for n, x in data.items():
        known = ~np.isnan(x[r])
        keep &= ((states[n] == x[r]) | ~known).reshape(len(keep), -1).all(1)
    return keep


@settings(
    max_examples=30, derandomize=True, database=None, deadline=None, suppress_health_check=MANY
)
@given(models().filter(lambda m: not any(g.unit in COSTS for g in m.groups)), st.integers(0, 1000))
def test_missing_units_of_a_random_model_are_summed_out(m: Drawn, seed: int) -> None:
    machine = bmdsl.parse(m.text).compile(seed=seed, dtype="float64", backend="reference")
    params = parameter_values(m, seed)
    for name, x in params.items():
        machine.params[name] = x
    states, base = joint_states(m.groups)
    w = base - energy(m, params, states)
    data = holed(m, states, np.random.default_rng(seed), 4)
    keep = [agrees(states, data, r) for r in range(4)]
    seen = np.array([logsumexp(w[k]) for k in keep])
    np.testing.assert_allclose(machine.free_energy(**data), -seen, atol=1e-8)
    np.testing.assert_allclose(machine.log_likelihood(data), seen - logsumexp(w), atol=1e-8)
    p = np.array([np.where(k, np.exp(w - s), 0) for k, s in zip(keep, seen, strict=True)])
    for name, found in machine.posterior(**data).items():
        np.testing.assert_allclose(found, np.tensordot(p, states[name], 1), atol=1e-8)
    one = {n: x[:1] for n, x in data.items()}
    for name, found in machine.marginals(clamp=one).items():
        np.testing.assert_allclose(found, np.tensordot(p[0], states[name], 1), atol=1e-8)
    assert (machine.variational_bound(data) <= seen + 1e-8).all()
    more = p.mean(0) - np.exp(w - logsumexp(w))
    for q, g in machine.gradient(data).items():
        for at in list(np.ndindex(g.shape))[:: max(1, g.size // 4)]:
            step = np.zeros(g.shape, complex)
            step[at] = 1e-30j
            if machine.model.parameter(q).symmetric:
                step[at[::-1]] = 0 if at[0] == at[1] else 1e-30j
                if at[0] == at[1]:
                    continue
            wanted = -(energy(m, {**params, q: params[q] + step}, states).imag / 1e-30) @ more
            assert g[at] == pytest.approx(wanted, abs=1e-8), (q, at)


# ------------------------------------------------------------ units of infinitely many states, in c

REAL: dict[
    str,
    tuple[
        Callable[[Array], Array], Callable[[Array], Array], Callable[[np.random.Generator], Array]
    ],
] = {
    "gaussian(sigma = 0.8)": (
        lambda f: 0.32 * f**2 + 0.5 * np.log(2 * np.pi * 0.64),
        lambda v: -(v**2) / 1.28,
        lambda g: g.normal(size=(6, 3)),
    ),
    "poisson": (
        np.exp,
        lambda v: -np.log([[max(1, np.prod(np.arange(1, x + 1))) for x in row] for row in v]),
        lambda g: g.poisson(1.5, (6, 3)).astype(float),
    ),
    "exponential(max = 2)": (
        lambda f: np.log(np.expm1(2 * f) / f),
        np.zeros_like,
        lambda g: g.uniform(0, 2, (6, 3)),
    ),
}
"""Type → A(η), log base measure, some values."""
H = np.array(list(itertools.product((0.0, 1.0), repeat=2)))


@pytest.mark.parametrize("unit", REAL)
def test_missing_units_of_infinitely_many_states_are_summed_in_closed_form(unit: str) -> None:
    a, base, draw = REAL[unit]
    m = bmdsl.parse(
        f"model m {{ visible v[3] : {unit}  hidden h[2] : binary  param W, b, c  energy = - W[i,j]"
        " v[i] h[j] - b[i] v[i] - c[j] h[j] }"
    ).compile(dtype="float64", backend="reference")
    generator = np.random.default_rng(2)
    for n, x in m.params.items():
        m.params[n] = generator.normal(0, 0.5, x.shape)
    v = draw(generator)
    v[[0, 1, 1, 2, 2, 2, 4], [1, 0, 2, 0, 1, 2, 2]] = np.nan
    known, full = ~np.isnan(v), np.nan_to_num(v)

    def weights() -> Array:
        """log Σ over missing units, [cases, states of h]."""
        field = m.params["b"] + H @ m.params["W"].T
        each = np.where(known[:, None], field * full[:, None] + base(full)[:, None], a(field))
        return each.sum(2) + H @ m.params["c"]

    w = weights()
    np.testing.assert_allclose(m.free_energy(v=v), -logsumexp(w, axis=1), atol=1e-9)
    p = np.exp(w - logsumexp(w, axis=1, keepdims=True))
    np.testing.assert_allclose(m.posterior(v=v)["h"], p @ H, atol=1e-9)
    np.testing.assert_allclose(
        m.log_likelihood(v), logsumexp(w, axis=1) - m.log_partition(), atol=1e-9
    )
    assert m.log_likelihood(v)[2] == pytest.approx(0.0, abs=1e-9)  # nothing was seen of this case
    held = m.marginals(clamp={"v": v[1:2]})
    np.testing.assert_allclose(held["h"], (p @ H)[1], atol=1e-9)
    assert held["v"][1] == pytest.approx(v[1, 1])
    assert (m.variational_bound(v) <= logsumexp(w, axis=1) + 1e-9).all()
    found = m.gradient(v)
    for name, array in m.params.items():
        for at in np.ndindex(array.shape):
            wanted = slope(
                array, at, lambda: (logsumexp(weights(), axis=1) - m.log_partition()).mean()
            )
            assert found[name][at] == pytest.approx(wanted, abs=1e-6)


def test_missing_gaussians_that_meet_gaussians_are_refused_and_say_why() -> None:
    m = bmdsl.parse(
        "model m { visible v[2] : gaussian  hidden h[2] : gaussian  param W  energy = - 0.1 W[i,j]"
        " v[i] h[j] }"
    ).compile(backend="reference")
    assert np.isfinite(m.free_energy(v=np.ones((1, 2)))).all()
    with pytest.raises(BmError, match="(?s)BM801.*terms couple v and h.*1 unit of `v` is missing"):
        m.free_energy(v=np.array([[1.0, np.nan]]))


# ------------------------------------------------------------ ways and options


def test_many_missing_units_of_a_sparse_machine_are_summed_unit_after_unit() -> None:
    """30 of 40 spins of an open chain: between spins that were seen the chain is tanh-bound, so F
    is a sum over gaps.
    """
    m = bmdsl.parse(
        "model m { visible s[40] : spin  param J  energy = - J s[i] s[pad(i+1)] }"
    ).compile(dtype="float64", backend="reference")
    m.params["J"] = 0.7
    s = np.full((2, 40), np.nan)
    s[:, ::4] = np.where(np.random.default_rng(0).random((2, 10)) < 0.5, -1.0, 1.0)
    step = np.linalg.matrix_power(
        np.exp(0.7 * np.array([[1, -1], [-1, 1]])), 4
    )  # from one seen spin to the next, over three
    code = (s[:, ::4] < 0).astype(int)
    wanted = np.log(step[code[:, :-1], code[:, 1:]]).sum(1) + 3 * np.log(2 * np.cosh(0.7))
    np.testing.assert_allclose(-m.free_energy(s=s), wanted, atol=1e-9)


def test_responsibilities_at_a_temperature_are_those_of_what_was_seen() -> None:
    text = """model m { visible v[3] : binary  hidden h[2] : binary  hidden z : categorical(3)
        param W, d
        energy = - W[i,j,k] v[i] h[j] z[k] - d[k] z[k]  train { temperature z = 3 } }"""
    m = bmdsl.parse(text).compile(seed=1, dtype="float64", backend="reference")
    for n, x in m.params.items():
        m.params[n] = np.random.default_rng(1).normal(size=x.shape)
    v = np.array([[1.0, np.nan, 1.0]])
    both = np.array([[1.0, 0, 1], [1, 1, 1]])
    minus_f = (
        np.logaddexp(*np.log1p(np.exp(np.einsum("ni,ijk->njk", both, m.params["W"]))).sum(1))
        + m.params["d"]
    )
    p = np.exp(minus_f / 3)
    np.testing.assert_allclose(m.posterior(v=v)["z"][0], p / p.sum(), atol=1e-9)


def test_the_bound_is_minus_the_free_energy_where_units_are_independent() -> None:
    m = bmdsl.parse(
        "model m { visible v[3] : gaussian(sigma = 2)  hidden h[2] : spin  param b, c  energy = -"
        " b[i] v[i] - c[j] h[j] }"
    ).compile(dtype="float64", backend="reference")
    m.params["b"], m.params["c"] = np.array([0.3, -1.0, 0.5]), np.array([0.2, 2.0])
    v = np.array([[1.0, np.nan, 0.5], [np.nan, np.nan, np.nan], [1.0, 2.0, 3.0]])
    np.testing.assert_allclose(m.variational_bound(v), -m.free_energy(v=v), atol=1e-9)


# ------------------------------------------------------------ what has no meaning is refused


@pytest.fixture(scope="module")
def labelled() -> bmdsl.Machine:
    return bmdsl.parse(
        """model m { given x[2] : gaussian  visible v[3] : binary  visible y : categorical(3)
        hidden h[2] : binary
        param W, A, B  energy = - W[i,j] v[i] h[j] - A[k,j] x[k] h[j] - B[k,j] y[k] h[j] }"""
    ).compile(backend="reference")


def whole(**changed: Any) -> dict[str, Array]:
    return {
        "x": np.ones((1, 2)),
        "v": np.ones((1, 3)),
        "y": np.eye(3)[:1],
        "h": np.ones((1, 2)),
    } | changed


HOLE = np.array([[1.0, np.nan, 0.0]])
BARE = {n: x for n, x in whole().items() if n != "h"}
REFUSED: dict[str, tuple[str, Callable[[bmdsl.Machine], Any]]] = {
    "energy": ("BM881.*`v` .*case 0 at \\[1\\]", lambda m: m.energy(**whole(v=HOLE))),
    "conditional": ("BM881.*`v`", lambda m: m.conditional("h", **whole(v=HOLE))),
    "denoise": ("BM881.*`v`", lambda m: m.denoise(BARE | {"v": HOLE}, 0.1)),
    "data as features": ("BM881.*`v`", lambda m: m.transform(BARE | {"v": HOLE}, "data")),
    "given": (
        "BM881.*given group `x`",
        lambda m: m.free_energy(**BARE | {"x": np.array([[np.nan, 1.0]])}),
    ),
    "given of samples": (
        "BM881.*given group `x`",
        lambda m: m.sample(1, clamp={"x": np.array([[np.nan, 1.0]])}),
    ),
    "in part": (
        "BM882.*`y`.*3 numbers",
        lambda m: m.posterior(**BARE | {"y": np.array([[np.nan, 0.0, 0.0]])}),
    ),
    "mask in part": (
        "BM882.*`v`",
        lambda m: (
            bmdsl.parse("model m { visible v[2] : categorical(2) energy = - v[i,0] }")
            .compile(backend="reference")
            .impute(np.eye(2)[None], np.array([[False, True], [False, False]]), steps=2)
        ),
    ),
    "infinite energy": ("BM773.*`v`", lambda m: m.energy(**whole(v=np.array([[np.inf, 0, 0]])))),
    "infinite given": (
        "BM773.*`x`",
        lambda m: m.free_energy(**BARE | {"x": np.array([[-np.inf, 0]])}),
    ),
    "infinite clamp": (
        "BM773.*`v`",
        lambda m: m.marginals(clamp={"x": np.ones((1, 2)), "v": np.array([[np.inf, 0, 0]])}),
    ),
    "too large for single precision": (
        "BM772.*`x`",
        lambda m: m.free_energy(**BARE | {"x": np.array([[1e39, 0]])}),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_values_that_have_no_meaning_are_refused_by_name(
    name: str, labelled: bmdsl.Machine
) -> None:
    said, call = REFUSED[name]
    with pytest.raises(BmError, match=said):
        call(labelled)
