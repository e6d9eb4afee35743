"""Beside a Gaussian `x`, means of a group `square_x` and mean squares of `x` were one function,
`mean_square_x`: a TypeError.
"""

from __future__ import annotations

import numpy as np

import bmdsl


def test_both_groups_have_their_means() -> None:
    text = """model ms { visible x[3] : gaussian  visible square_x[3] : binary
      hidden h[2] : binary  param W, U
      energy = 0.5 x[i]^2 - W[i,j] x[i] h[j] - U[i,j] square_x[i] h[j] }"""
    machine = bmdsl.parse(text).compile(dtype="float64", backend="reference")
    machine.params["W"], machine.params["U"] = np.full((3, 2), 0.5), np.full((3, 2), -1.0)
    h = np.array([[1.0, 1]])
    np.testing.assert_allclose(
        machine.conditional("square_x", h=h), 1 / (1 + np.exp(2.0)) * np.ones((1, 3))
    )
    np.testing.assert_allclose(machine.conditional("x", h=h), 0.5 * np.ones((1, 3)))
