"""Figures of a scan: their values are those of the law, their errors those of repeated runs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import bmdsl
from bmdsl.inference.scan_figures import FIGURES, scan_figures

TORUS = """model m(J = 0.4) { visible s[3, 4] : spin
  energy = - J s[x,y] s[wrap(x+1),y] - J s[x,y] s[x,wrap(y+1)] - 0.05 s[x,y] }"""


def exact_figures(J: float, beta: float) -> dict[str, float]:
    """By all 4,096 states of the 3 × 4 torus, written out anew."""
    s = np.array(list(product([-1.0, 1.0], repeat=12))).reshape(-1, 3, 4)
    bonds = s * np.roll(s, -1, 1) + s * np.roll(s, -1, 2)
    energy = (-J * bonds - 0.05 * s).sum(axis=(1, 2))
    p = np.exp(-beta * (energy - energy.min()))
    p /= p.sum()
    m = s.mean(axis=(1, 2))
    e, e2, a, m2, m4 = (float(p @ x) for x in (energy, energy**2, np.abs(m), m**2, m**4))
    return {
        "energy": e / 12,
        "abs_magnetization": a,
        "specific_heat": beta**2 * (e2 - e**2) / 12,
        "susceptibility": beta * 12 * (m2 - a**2),
        "binder": 1 - m4 / (3 * m2**2),
    }


@pytest.mark.stat
@pytest.mark.parametrize("beta", [0.6, 1.0])
def test_figures_of_a_small_torus_are_the_exact_ones(beta: float) -> None:
    machine = bmdsl.parse(TORUS).compile(seed=3)
    trace = machine.observe(
        "energy", "magnetization", n=256, draws=200, thin=2, burn_in=100, beta=beta
    )
    found = scan_figures(trace.values["energy"], trace.values["magnetization"], beta, 12)
    for name, exact in exact_figures(0.4, beta).items():
        value, error = found[name]
        assert abs(value - exact) < 5 * error, (name, value, error, exact)
        assert error < 0.1 * max(abs(exact), 0.05), (name, error)


@pytest.mark.stat
@pytest.mark.parametrize("chains", [1, 4, 40])
def test_errors_are_the_spread_of_repeated_runs(chains: int) -> None:
    rng = np.random.default_rng(0)
    runs = []
    for _ in range(400):
        m = rng.normal(0.2, 0.5, (chains, 640 // chains))
        runs.append(scan_figures(3 * m + rng.normal(size=m.shape), m, 0.7, 10))
    for name in FIGURES:
        spread = np.std([r[name].value for r in runs])
        told = np.mean([r[name].error for r in runs])
        assert 0.8 < told / spread < 1.25, (name, told, spread)


def test_one_record_has_no_error() -> None:
    found = scan_figures(np.ones((1, 1)), np.ones((1, 1)), 1.0, 4)
    assert found["energy"].value == 0.25 and np.isnan(found["energy"].error)
