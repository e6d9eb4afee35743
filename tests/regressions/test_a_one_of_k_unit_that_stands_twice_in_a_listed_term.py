"""A hidden one-of-K unit stood twice in a term with a visible one, as in v h[q] h[p] W[q + 1, p];
the compiled free energy took the term for none.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl

MODEL = """model m {
  visible v : binary
  hidden h : categorical(2)
  param W[3, 2]
  energy = - v h[q] h[p] W[q + 1, p]
}"""


@pytest.mark.parametrize("backend", ["numba", "reference"])
def test_its_free_energy_is_that_of_its_states(backend: str) -> None:
    machine = bmdsl.parse(MODEL).compile(dtype="float64", backend=backend)
    W = np.array([[0.3, -0.2], [0.8, 0.1], [-0.4, 0.5]])
    machine.params["W"] = W
    # State k of h has the energy −v W[k + 1, k]: no two states are on together.
    wanted = [-np.log(2.0), -np.log(np.exp(W[1, 0]) + np.exp(W[2, 1]))]
    found = machine.free_energy(v=np.array([0.0, 1.0]))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
