"""Autocorrelation time, effective sample size and split R-hat: against ArviZ, and against a process
that is known.
"""

from __future__ import annotations

import numpy as np
import pytest

from bmdsl.inference.chain_statistics import effective_sample_size, split_rhat, summarize


def process(rho: float, chains: int, draws: int, seed: int = 0, apart: float = 0.0) -> np.ndarray:
    """A first-order autoregression, its chains `apart` from one another."""
    generator = np.random.default_rng(seed)
    x = np.empty((chains, draws))
    x[:, 0] = generator.normal(size=chains) / (1 - rho**2) ** 0.5
    for t in range(1, draws):
        x[:, t] = rho * x[:, t - 1] + generator.normal(size=chains)
    return x + apart * np.arange(chains)[:, None]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rho", [-0.5, 0.0, 0.3, 0.9, 0.99])
@pytest.mark.parametrize(("chains", "draws"), [(1, 500), (4, 101), (8, 1000), (2, 10)])
def test_they_are_those_of_arviz(rho: float, chains: int, draws: int) -> None:
    arviz = pytest.importorskip("arviz")
    for apart in (0.0, 1.0):
        x = process(rho, chains, draws, apart=apart)
        if chains > 1:
            assert split_rhat(x) == pytest.approx(float(arviz.rhat(x, method="split")), rel=1e-10)
        assert effective_sample_size(x) == pytest.approx(
            float(arviz.ess(x, method="mean")), rel=1e-10
        )


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_the_autocorrelation_time_of_an_autoregression(rho: float) -> None:
    found = summarize("x", process(rho, 20, 20_000), thin=3)
    assert found.autocorrelation == pytest.approx(3 * (1 + rho) / (1 - rho), rel=0.1)
    assert found.rhat == pytest.approx(1, abs=0.01)
    assert found.error == pytest.approx(found.sd / found.ess**0.5)


def test_a_trace_that_never_changes_has_no_autocorrelation():
    assert np.isnan(summarize("x", np.ones((4, 100))).ess)
