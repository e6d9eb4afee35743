"""A machine's exact quantities against the oracle, for tests of any form of energy."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from tests import naive


def machine_of(text: str, jit: bool, dtype: str = "float64") -> bmdsl.Machine:
    """The machine of a model's body, all parameters drawn."""
    m = bmdsl.parse(f"model m {{ {text} }}").compile(
        seed=1, dtype=dtype, backend="numba" if jit else "reference"
    )
    generator = np.random.default_rng(4)
    for p in m.params:
        m.params[p] = generator.normal(0, 0.8, m.params[p].shape)
    return m


def assert_exact_quantities(m: bmdsl.Machine, every: int) -> None:
    """log Z, and free energy and posterior of one in so many visible states."""
    assert m.log_partition() == pytest.approx(naive.log_partition(m.model, m.params), abs=1e-8)
    states = [s for s, _ in naive.joint_states(m.model, list(m.visible))][::every]
    data = {n: np.stack([s[n] for s in states]) for n in states[0]}
    np.testing.assert_allclose(
        m.free_energy(**data),
        [naive.free_energy(m.model, m.params, s, 0.0) for s in states],
        atol=1e-8,
    )
    posterior = m.posterior(**data)
    for r, s in enumerate(states):
        for hidden, mean in naive.posterior(m.model, m.params, s).items():
            np.testing.assert_allclose(posterior[hidden][r], mean, atol=1e-8)


def assert_exact_gradient(m: bmdsl.Machine, entries: int) -> None:
    """About so many entries of every parameter, by finite differences of the exact log-likelihood
    of three cases.
    """
    states = [s for s, _ in naive.joint_states(m.model, list(m.visible))][:3]
    found = m.gradient({n: np.stack([s[n] for s in states]) for n in states[0]})
    for p, array in m.params.items():
        every = list(np.ndindex(array.shape))
        for at in every[:: max(1, len(every) // entries)]:
            wanted = naive.slope(
                array,
                at,
                lambda: naive.log_likelihood(m.model, m.params, states, [0.0] * len(states)),
            )
            assert found[p][at] == pytest.approx(wanted, abs=1e-7), (p, at)
