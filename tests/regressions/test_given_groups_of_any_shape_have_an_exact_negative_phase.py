"""`negative exact` with a scalar given group and with one of two axes: the gradient is that of the
mean log-likelihood.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl


@pytest.mark.parametrize(("shape", "letters", "axes"), [("", "", ()), ("[2, 2]", "[k,l]", (2, 2))])
def test_a_step_follows_the_gradient(shape: str, letters: str, axes: tuple[int, ...]) -> None:
    text = (
        f"model m {{ given x{shape} : binary  visible v[3] : binary  param b init 0.3  energy = -"
        f" b[i] v[i] x{letters} }}"
    )
    machine = bmdsl.parse(text).compile(dtype="float64")
    data = {"x": np.ones((4, *axes)), "v": np.eye(4, 3)}
    exact = machine.gradient(data)["b"]
    before = machine.params["b"].copy()
    machine.train(
        data, updates=1, batch=4, positive="exact", negative="exact", optimizer="sgd(rate = 0.01)"
    )
    np.testing.assert_allclose((machine.params["b"] - before) / 0.01, exact, atol=1e-9)
    count = float(np.prod(axes, dtype=int))
    np.testing.assert_allclose(
        exact, np.array([0.25] * 3) * count - count / (1 + np.exp(-0.3 * count)), atol=1e-9
    )
