"""Temperature, annealing, parallel tempering and observables: against enumeration, and against
Onsager's solution of the Ising model.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ellipk

import bmdsl
from bmdsl.inference.ladder import ladder
from bmdsl.language.diagnostics import BmError
from tests.inference.test_elimination import kaufman

pytestmark = pytest.mark.compiled

GLASS = (
    "model m { visible s[3, 4] : spin  param J[3, 4], K[3, 4], b  energy = - J[x,y] s[x,y]"
    " s[wrap(x+1),y] - K[x,y] s[x,y] s[x,wrap(y+1)] - b s[x,y] }"
)
LAYERS = (
    "model m { visible v[5] : binary  hidden h[4] : categorical(3)  param W, b  energy = - W[i,j,a]"
    " v[i] h[j,a] - b[i] v[i] }"
)


def machine(text: str, size: float = 1.0, seed: int = 0) -> bmdsl.Machine:
    m = bmdsl.parse(text).compile(seed=seed)
    generator = np.random.default_rng(seed)
    for name, x in m.params.items():
        m.params[name] = generator.normal(0, size, x.shape)
    return m


def scaled(text: str, beta: float, seed: int = 0) -> bmdsl.Machine:
    """The machine whose parameters are all beta times as large: at temperature 1 it is the other at
    beta (energies linear in parameters).
    """
    m = machine(text, seed=seed)
    for name, x in m.params.items():
        m.params[name] = beta * x
    return m


@pytest.mark.parametrize("text", [GLASS, LAYERS])
@pytest.mark.parametrize("chains", [3, 2000])
def test_beta_multiplies_the_energy(text: str, chains: int) -> None:
    beta = 0.4
    exact = scaled(text, beta).marginals()
    hot = machine(text)
    runs = 1 if chains > 100 else 300
    for name, mean in exact.items():
        total = np.mean(
            [hot.sample(chains, steps=40, beta=beta)[name].mean(0) for _ in range(runs)], axis=0
        )
        assert np.abs(total - mean).max() < 6 / (chains * runs) ** 0.5


def test_a_schedule_is_followed_sweep_by_sweep():
    """A schedule of one temperature is that temperature, bit for bit; one that ends cold ends in
    low energies.
    """
    for text in (GLASS, LAYERS):
        a, b = machine(text), machine(text)
        one = a.sample(16, steps=7, beta=0.5)
        same = b.sample(16, steps=7, beta=np.full((7, 16), 0.5))
        assert all((one[n] == same[n]).all() for n in one)
        cold = a.sample(16, steps=50, beta=np.repeat(ladder(0.1, 8, 50)[:, None], 16, axis=1))
        assert a.energy(**cold).mean() < a.energy(**one).mean()


@pytest.mark.parametrize("text", [GLASS, LAYERS])
def test_the_coldest_of_a_ladder_has_its_own_distribution(text: str) -> None:
    beta = 1.5
    exact = scaled(text, beta).marginals()
    trace = machine(text).observe(
        "energy", n=400, draws=60, thin=2, burn_in=60, beta=ladder(0.3, beta, 5)
    )
    for name, mean in exact.items():
        assert np.abs(trace.state[name].mean(0) - mean).max() < 6 / 400**0.5
    swaps = trace.swaps
    assert (
        swaps is not None
        and len(swaps.acceptance) == 4
        and (swaps.acceptance > 0.1).all()
        and swaps.trips > 100
    )


def test_exchanges_are_accepted_as_often_as_they_should():
    """The share of accepted exchanges of two replicas is ⟨min(1, e^{ΔβΔE})⟩ over both
    distributions, by enumeration.
    """
    m = machine(GLASS, 0.5)
    x = 2.0 * ((np.arange(4096)[:, None] >> np.arange(12)) & 1) - 1
    e = m.energy(s=x.reshape(-1, 3, 4))
    b = np.array([0.5, 1.0])
    p = [np.exp(-k * e - np.logaddexp.reduce(-k * e)) for k in b]
    wanted = (p[0][:, None] * p[1] * np.minimum(1, np.exp((b[0] - b[1]) * (e[:, None] - e)))).sum()
    swaps = m.observe("energy", n=64, draws=400, burn_in=50, beta=b).swaps
    assert swaps is not None and swaps.acceptance[0] == pytest.approx(wanted, abs=0.03)


def test_observables_have_the_means_and_errors_of_enumeration():
    m = machine(GLASS, 0.4)
    x = 2.0 * ((np.arange(4096)[:, None] >> np.arange(12)) & 1) - 1
    e = m.energy(s=x.reshape(-1, 3, 4))
    p = np.exp(-e - np.logaddexp.reduce(-e))
    wanted = {
        "energy": p @ e,
        "magnetization": p @ x.mean(1),
        "abs_magnetization": p @ abs(x.mean(1)),
        "free_energy": p @ e,
    }
    trace = m.observe(*wanted, n=16, draws=2000, burn_in=50)
    for s in trace.summary():
        assert abs(s.mean - wanted[s.name]) < 5 * s.error and s.rhat < 1.02 and s.ess < 32_001
        assert trace.values[s.name].shape == (16, 2000)


@pytest.mark.parametrize("text", [GLASS, LAYERS])
def test_annealing_finds_the_ground_state(text: str) -> None:
    m = machine(text)
    if text == GLASS:
        x = 2.0 * ((np.arange(4096)[:, None] >> np.arange(12)) & 1) - 1
        least = m.energy(s=x.reshape(-1, 3, 4)).min()
    else:
        h = np.array(np.meshgrid(*[range(3)] * 4)).reshape(4, -1).T
        v = ((np.arange(32)[:, None] >> np.arange(5)) & 1).astype(float)
        both = [(a, b) for a in v for b in np.eye(3)[h]]
        least = m.energy(v=np.array([a for a, _ in both]), h=np.array([b for _, b in both])).min()
    found = m.anneal(32, 200)
    assert found.energy == pytest.approx(least, abs=1e-4) and found.hits >= 1
    again = m.energy(**{n: x[None] for n, x in found.state.items()})
    assert again[0] == pytest.approx(found.energy, abs=1e-4)


def test_the_energy_that_beta_multiplies_has_no_base_measure():
    m = bmdsl.parse("model m { visible k[2] : binomial(5)  param b  energy = - b k[i] }").compile()
    m.params["b"] = 0.7
    exact = 5 / (1 + math.exp(-0.7 * 2))
    assert m.sample(4000, steps=5, beta=2.0)["k"].mean() == pytest.approx(exact, abs=0.05)


@pytest.mark.parametrize("beta", [0.35, 0.44068679350977147, 0.5])
def test_the_energy_of_a_large_ising_lattice_is_onsagers(beta: float) -> None:
    """u = −coth(2β)(1 + (2/π)(2 tanh²(2β) − 1) K(k)) for the infinite lattice (Onsager 1944); −∂
    log Z/∂β of this very torus by Kaufman 1949.
    """
    L, step = 64, 1e-5
    k = 2 * math.sinh(2 * beta) / math.cosh(2 * beta) ** 2
    infinite = (
        -math.sqrt(2)
        if k > 1 - 1e-9
        else -1
        / math.tanh(2 * beta)
        * (1 + 2 / math.pi * (2 * math.tanh(2 * beta) ** 2 - 1) * ellipk(k * k))
    )
    exact = -(kaufman(L, beta + step) - kaufman(L, beta - step)) / (2 * step) / L**2
    critical = abs(beta - 0.44068679350977147) < 1e-9
    assert exact == pytest.approx(infinite * (1 + 0.44 / L if critical else 1), abs=1e-5)
    begin = (
        np.ones((32, L, L)) if beta > 0.44 else None
    )  # an ordered phase from an ordered start: a quench would leave walls
    m = bmdsl.load("ising", L=L, J=1).compile()
    trace = m.observe(
        "energy",
        n=32,
        draws=300,
        thin=4,
        burn_in=800,
        beta=beta,
        init=None if begin is None else {"s": begin},
    )
    s = trace.summary()[0]
    assert s.mean / L**2 == pytest.approx(exact, abs=5 * s.error / L**2)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m: m.sample(4, beta=-1), "BM814"),
        (lambda m: m.sample(4, beta=[1, 2]), "BM814"),
        (lambda m: m.observe("enrgy"), "did you mean `energy`"),
        (lambda m: m.anneal(4, 10, betas=(0.0, 1.0)), "both must be above 0"),
        (lambda m: m.anneal(4, 10, schedule="cosine"), "schedules are geometric, linear"),
    ],
)
def test_a_temperature_that_is_none_is_refused(call, said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BmError) as caught:
        call(machine(GLASS))
    assert said in str(caught.value)


def test_a_hopfield_network_recalls_a_stored_pattern_from_a_damaged_one():
    """Five random patterns of 200 spins, a fifth of the spins flipped: cooled from there, every
    chain is back at its pattern.
    """
    m = bmdsl.load("hopfield").compile(seed=3)
    patterns = m.params["xi"]
    damaged = np.repeat(patterns, 4, axis=0)
    flip = np.random.default_rng(0).random(damaged.shape) < 0.2
    betas = np.repeat(ladder(2.0, 20.0, 20)[:, None], 20, axis=1)
    state = m.initial_state(20)
    state["s"][...] = np.where(flip, -damaged, damaged)
    m.sweep(state, 20, {}, update=1, beta=betas)
    overlap = (state["s"] * np.repeat(patterns, 4, axis=0)).mean(1)
    assert (overlap > 0.98).all(), overlap
