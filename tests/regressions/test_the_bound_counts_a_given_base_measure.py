"""The variational bound has the base measure of a given group in it, as −F has: with independent
hidden units both are one number.
"""

from __future__ import annotations

import numpy as np

import bmdsl


def test_a_given_gaussian() -> None:
    text = (
        "model m { given x : gaussian  visible v : binary  hidden h : binary  param W init 0.7 "
        " energy = - W v h - v x }"
    )
    machine = bmdsl.parse(text).compile(dtype="float64", backend="reference")
    case = {"x": np.array([3.0]), "v": np.array([1.0])}
    exact = -4.5 + 3 + np.log1p(np.exp(0.7))
    np.testing.assert_allclose(-machine.free_energy(**case), exact)
    np.testing.assert_allclose(machine.variational_bound(case), exact)
