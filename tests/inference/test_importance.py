"""Annealed importance sampling against enumeration: every kind of machine, its own error, both
sides, and what it refuses.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.inference.machine import Machine
from bmdsl.language.diagnostics import BmError

pytestmark = pytest.mark.compiled

TEXTS = {
    "rbm": (
        """model m { visible v[6] : binary  hidden h[4] : spin  param W, b, c
      energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j] }"""
    ),
    "deep": (
        "model m { visible v[5] : binary  hidden h1[4] : binary  hidden h2[3] : binary  hidden"
        " h3[3] : spin  layers v -- h1 -- h2 -- h3 }"
    ),
    "gaussian": (
        """model m { visible v[4] : gaussian(sigma = 0.8)  hidden h[4] : binary  param W, b, c
      energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j] }"""
    ),
    "precision": (
        """model m { visible v[3] : gaussian  hidden h[3] : binary  param W, b, c, s
      energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j] + s v[i]^2 }"""
    ),
    "counts": (
        """model m { visible v[3] : binomial(4)  hidden h[4] : binary  param W, b, c
      energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j] }"""
    ),
    "protein": (
        """model m { visible s[3] : categorical(4)  hidden h[3] : binary  param W, b
      energy = - W[i,a,j] s[i,a] h[j] - b[i,a] s[i,a] }"""
    ),
    "lateral": (
        """model m { visible v[4] : binary  hidden h[3] : binary  param U symmetric
      param V symmetric  param W, b
      energy = - U[i,j] v[i] v[j] for i < j - V[i,j] h[i] h[j] for i < j - W[i,j] v[i] h[j]
                 - b[i] v[i] }"""
    ),
    "lattice": (
        """model m { visible s[3,3] : spin  param J, b
      energy = - J s[x,y] s[wrap(x+1),y] - J s[x,y] s[x,wrap(y+1)] - b s[x,y] }"""
    ),
    "mixture": (
        """model m { visible v[5] : binary  hidden h[3] : binary  hidden z : categorical(3)
      param W, b, c, d
      energy = - W[i,k,j] v[i] z[k] h[j] - b[i] v[i] - c[k,j] z[k] h[j] - d[k] z[k] }"""
    ),
    "third order": (
        """model m { visible v[4] : binary  hidden h[3] : binary  hidden y[3] : binary  param W, b
      energy = - W[i,j,k] v[i] h[j] y[k] - b[i] v[i] }"""
    ),
}


def random_machine(text: str, seed: int = 0, scale: float = 0.8, **arguments: float) -> Machine:
    m = bmdsl.parse(text, **arguments).compile(seed=seed)
    generator = np.random.default_rng(7)
    for name, value in m.params.items():
        x = generator.normal(0, scale, value.shape)
        if m.model.parameter(name).symmetric:
            x = np.triu(x, 1)
            x = x + x.T
        m.params[name] = x
    return m


BY_HAND = ("precision", "counts", "protein", "third order")
"""Kinds whose compiled code takes long for what it adds to the others."""


@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=pytest.mark.slow) if k in BY_HAND else k for k in TEXTS]
)
def test_both_sides_agree_with_enumeration(kind: str) -> None:
    m = random_machine(TEXTS[kind])
    exact = m.log_partition()
    found = m.log_partition("ais", chains=400, steps=100)
    assert abs(found.forward.value - exact) < 4 * found.forward.std_error + 1e-4
    assert abs(found.reverse.value - exact) < 4 * found.reverse.std_error + 1e-4
    assert found.std_error < 0.1 and not found.doubt


RBM = """model m(D = 40, H = 20) { visible v[D] : binary  hidden h[H] : binary  param W, b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j] }"""


@pytest.fixture(scope="module")
def hard() -> list[tuple[float, object]]:
    """Twenty estimates of machines with 20 hidden units, and their exact log Z."""
    out = []
    for seed in range(20):
        m = random_machine(RBM, seed, 0.5)
        m.params["c"] = -0.5 * np.asarray(m.params["W"]).sum(
            0
        )  # hidden units that are on about half of the time
        out.append((m.log_partition(), m.log_partition("ais", chains=100, steps=60)))
    return out


def test_the_interval_covers_the_exact_value(hard: list) -> None:  # type: ignore[type-arg]
    inside = [
        found.forward.interval[0] <= exact <= found.forward.interval[1] for exact, found in hard
    ]
    assert sum(inside) >= 17
    assert (
        np.mean([found.std_error for _, found in hard]) < 0.3
    )  # an interval that covers anything says nothing


def test_reverse_lies_above_and_forward_below_on_average() -> None:
    low, high = [], []
    for seed in range(20):
        m = random_machine(RBM, seed, 0.5)
        m.params["c"] = -0.5 * np.asarray(m.params["W"]).sum(0)
        start = m.sample(50, steps=2000)
        exact, found = (
            m.log_partition(),
            m.log_partition("ais", chains=20, steps=8, schedule="linear", start=start),
        )
        low.append(found.forward.value - exact)
        high.append(found.reverse.value - exact)
    assert np.mean(low) < 0 < np.mean(high)


def test_even_speed_makes_better_weights_than_even_steps() -> None:
    m = random_machine(RBM, 0, 0.5)
    adaptive, linear = (
        m.log_partition("ais", chains=200, steps=40, schedule=s, reverse=False).forward.effective
        for s in ("adaptive", "linear")
    )
    assert adaptive > linear


def test_base_rates_from_data_make_better_weights_than_none() -> None:
    """Independent units that are already like the machine leave less to be weighed."""
    m = random_machine(RBM, 0, 0.4)
    m.params["b"] = np.where(np.arange(40) < 30, -4.0, 3.0)
    data = m.sample(500, steps=200)["v"]
    found = m.log_partition("ais", data=data, chains=200, steps=40)
    assert abs(found.value - m.log_partition()) < 4 * found.std_error + 1e-3
    assert found.base > 40 * np.log(2) / 4  # of units with their own rates


def test_the_same_seed_gives_the_same_number() -> None:
    first, second, other = (
        random_machine(RBM, seed).log_partition("ais", chains=50, steps=20).value
        for seed in (3, 3, 4)
    )
    assert first == second != other


def test_progress_counts_both_ways() -> None:
    seen = []
    random_machine(TEXTS["rbm"]).log_partition(
        "ais", chains=10, steps=7, progress=lambda done, total: seen.append((done, total))
    )
    assert seen[0] == (1, 14) and seen[-1] == (14, 14) and len(seen) == 14


def test_a_gap_is_doubted() -> None:
    m = random_machine(TEXTS["lattice"])
    m.params["J"] = 2.0  # all up or all down, which independent units do not know
    m.params["b"] = 0.0
    assert "nats apart" in m.log_partition("ais", chains=10, steps=3).doubt


@pytest.mark.parametrize("options", [{"chains": 1}, {"steps": 1}, {"schedule": "steep"}])
def test_what_makes_no_run_is_refused(options: dict) -> None:  # type: ignore[type-arg]
    with pytest.raises(BmError, match="BM814"):
        random_machine(TEXTS["rbm"]).log_partition("ais", **options)


def test_an_improper_machine_is_refused() -> None:
    m = random_machine(TEXTS["precision"])
    m.params["s"] = -0.7
    with pytest.raises(BmError, match="BM8"):
        m.log_partition("ais")


def test_given_groups_and_unknown_methods_are_refused() -> None:
    m = bmdsl.parse(
        "model m { given x[2] : gaussian  visible v[2] : binary  param A energy = - A[i,j] x[i]"
        " v[j] }"
    ).compile()
    with pytest.raises(BmError, match="BM809"):
        m.log_partition("ais")
    with pytest.raises(BmError, match="BM808"):
        random_machine(TEXTS["rbm"]).log_partition("guess")
    with pytest.raises(BmError, match="BM808"):
        random_machine(TEXTS["rbm"]).log_partition("exact", chains=3)


def test_likelihood_by_ais_is_near_the_exact_one() -> None:
    m = random_machine(TEXTS["rbm"])
    data = m.sample(20, steps=20)["v"]
    np.testing.assert_allclose(
        m.log_likelihood(data, "ais", chains=400, steps=100), m.log_likelihood(data), atol=0.05
    )
