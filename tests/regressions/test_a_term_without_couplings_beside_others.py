"""A term whose subscripts lie outside a lattice for all letters has no couplings; those of the next
term were taken for its own, and read states of another group.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl

TEXT = """model m {
  visible s[2] : binary  visible v[2] : categorical(3)  hidden h[1] : binary
  param J init 0.5, K init 0.5
  energy = - J[i,k] v[pad(i+2),k] s[i] - K[a,j] v[j,a] h[0]
}"""
ALONE = TEXT.replace("- J[i,k] v[pad(i+2),k] s[i]", "- 0 s[i]").replace("J init 0.5, ", "")


@pytest.mark.parametrize("backend", ["numba", "reference"])
def test_energies_and_samples_are_those_of_the_other_term_alone(backend: str) -> None:
    whole = bmdsl.parse(TEXT).compile(dtype="float64", backend=backend)
    alone = bmdsl.parse(ALONE).compile(dtype="float64", backend=backend)
    for machine in (whole, alone):
        machine.params["K"] = np.linspace(-1, 2, 6).reshape(3, 2)
    x = whole.sample(200, steps=5)
    np.testing.assert_allclose(whole.energy(**x), alone.energy(**x))
    held = {"h": x["h"], "s": x["s"]}
    np.testing.assert_allclose(
        whole.conditional("v", **held), alone.conditional("v", **held), atol=1e-12
    )
    assert abs(x["s"].mean() - 0.5) < 0.15
