"""A parameter that starts from data keeps a value that was set by hand: training does not put it
back to its start.
"""

from __future__ import annotations

import numpy as np

import bmdsl


def test_a_bias_set_before_training_stays() -> None:
    machine = bmdsl.load("rbm", D=3, H=2).compile(dtype="float64", backend="reference")
    machine.params["b"] = np.full(3, -5.0)
    machine.train(
        np.eye(3), updates=1, batch=3, negative="exact", optimizer="sgd(rate = 1e-9)", center="off"
    )
    np.testing.assert_allclose(machine.params["b"], -5, atol=1e-6)
