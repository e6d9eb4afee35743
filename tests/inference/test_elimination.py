"""Summing out unit after unit: log Z, means and samples against enumeration and against what is
known of large sparse models.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bmdsl
from bmdsl.inference.elimination import Elimination
from bmdsl.language.diagnostics import BmError
from tests.oracle import energy, joint_states
from tests.random_models import COSTS, models, parameter_values


@settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(models().filter(lambda m: not any(g.unit in COSTS for g in m.groups)), st.integers(0, 1000))
def test_log_z_means_and_samples_of_a_random_model_are_those_of_enumeration(m, seed):  # type: ignore[no-untyped-def]
    machine = bmdsl.parse(m.text).compile(seed=seed, dtype="float64", backend="reference")
    params = parameter_values(m, seed)
    for name, x in params.items():
        machine.params[name] = x
    states, base = joint_states(m.groups)
    w = base - energy(m, params, states)
    log_z = np.logaddexp.reduce(w)
    made = Elimination(machine.program, machine._fields(), {}, "log Z")
    assert made.log_z == pytest.approx(log_z, abs=1e-9)
    p = np.exp(w - log_z)
    drawn = made.sample(2000, np.random.default_rng(seed))
    for name, mean in made.means().items():
        flat = states[name].reshape(len(p), -1)
        np.testing.assert_allclose(mean, p @ flat, atol=1e-9)
        spread = np.sqrt(np.maximum(p @ flat**2 - mean**2, 1e-9))
        assert (np.abs(drawn[name].mean(0) - mean) < 6 * spread / 2000**0.5 + 0.01).all()


def ising(L: int, beta: float) -> bmdsl.Machine:
    return bmdsl.load("ising", L=L, J=beta).compile(dtype="float64")


def kaufman(L: int, beta: float) -> float:
    """log Z of the L × L Ising model with periodic boundaries (Kaufman 1949): four products over
    the transfer matrix's modes.
    """

    def gamma(r: int) -> float:
        if r == 0:
            return 2 * beta + math.log(math.tanh(beta))
        return math.acosh(
            math.cosh(2 * beta) ** 2 / math.sinh(2 * beta) - math.cos(math.pi * r / L)
        )

    odd, even = [gamma(2 * r + 1) for r in range(L)], [gamma(2 * r) for r in range(L)]
    terms = [
        sum(math.log(2 * math.cosh(L * g / 2)) for g in odd),
        sum(math.log(abs(2 * math.sinh(L * g / 2))) for g in odd),
        sum(math.log(2 * math.cosh(L * g / 2)) for g in even),
        sum(math.log(abs(2 * math.sinh(L * g / 2))) for g in even),
    ]
    sign = np.sign(math.prod(math.copysign(1.0, g) for g in even))
    top = max(terms)
    total = sum(s * math.exp(t - top) for s, t in zip((1, 1, 1, sign), terms, strict=True))
    return -math.log(2) + L * L / 2 * math.log(2 * math.sinh(2 * beta)) + top + math.log(total)


@pytest.mark.parametrize("beta", [0.3, 0.44068679350977147, 0.6])
def test_log_z_of_a_torus_is_kaufmans(beta: float) -> None:
    L = 8
    assert ising(L, beta).log_partition() == pytest.approx(kaufman(L, beta), rel=1e-10)


def test_a_long_chain_of_any_order_is_exact():
    """The p-spin chain of products s_i s_{i+1} s_{i+2}, open: the products are independent spins,
    so Z = 4 · Π 2 cosh J · …
    """
    machine = bmdsl.parse(
        "model m { visible s[600] : spin  param J[598]  energy = - J[i] s[i] s[i+1] s[i+2] for i in"
        " 0..598 }"
    ).compile(dtype="float64")
    J = np.random.default_rng(0).normal(size=598)
    machine.params["J"] = J
    assert machine.log_partition() == pytest.approx(
        2 * math.log(2) + np.log(2 * np.cosh(J)).sum(), rel=1e-12
    )
    assert np.abs(machine.marginals()["s"]).max() < 1e-10
    s = machine.exact_sample(4000)["s"].astype(float)
    products = (s[:, :-2] * s[:, 1:-1] * s[:, 2:]).mean(0)
    assert np.abs(products - np.tanh(J)).max() < 6 / 4000**0.5


def test_a_clamped_group_is_summed_no_more():
    machine = bmdsl.parse(
        "model m { visible v[30] : binary  hidden h[40] : binary  param W, b  energy = - W[i,j]"
        " v[i] h[j] - b[j] h[j] }"
    ).compile(seed=1, dtype="float64")
    machine.params["W"] = np.random.default_rng(1).normal(0, 1, (30, 40))
    v = np.random.default_rng(2).integers(0, 2, (1, 30)).astype(float)
    np.testing.assert_allclose(
        machine.marginals(clamp={"v": v})["h"], machine.posterior(v=v)["h"][0], atol=1e-12
    )
    h = machine.exact_sample(3000, clamp={"v": v})["h"].mean(0)
    assert np.abs(h - machine.posterior(v=v)["h"][0]).max() < 6 * 0.5 / 3000**0.5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            (
                "model m { visible s[80, 80] : spin  param J  energy = - J s[x,y] s[wrap(x+1),y] -"
                " J s[x,y] s[x,wrap(y+1)] }"
            ),
            "needs a table of 2^",
        ),
        (
            (
                "model m { visible v[100] : binary  hidden h[90] : binary  param W  energy = -"
                " W[i,j] v[i] h[j] }"
            ),
            "BM801",
        ),
    ],
)
def test_what_is_too_large_is_refused_with_its_size(text: str, said: str) -> None:
    with pytest.raises(BmError, match=said.replace("^", r"\^")):
        bmdsl.parse(text).compile().log_partition()


def test_exact_samples_are_the_same_for_the_same_seed_and_new_at_every_call():
    a, b = (ising(5, 0.4) for _ in range(2))
    first = a.exact_sample(10)["s"]
    assert (first == b.exact_sample(10)["s"]).all() and not (first == a.exact_sample(10)["s"]).all()
