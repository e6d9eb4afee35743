"""Two hidden blocks of as many couplings: the means that stand for draws are those of the block
drawn last.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl

TEXT = """model t { visible v : binary  hidden h : binary  hidden g : binary
  param A init 2, B init 2, C init -3
  energy = - A v h - B v g - C h g }"""


def test_the_means_are_of_the_last_block() -> None:
    plan = bmdsl.parse(TEXT).plan
    assert plan.mean_block == plan.blocks[-1] and len(plan.blocks) == 3


@pytest.mark.parametrize(
    ("positive", "negative"),
    [("exact", "pcd(steps = 50, chains = 20000)"), ("gibbs(steps = 50)", "exact")],
)
def test_the_gradient_of_a_triangle_is_the_exact_one(positive: str, negative: str) -> None:
    machine = bmdsl.parse(TEXT).compile(seed=0, dtype="float64")
    data = np.array([1.0, 1.0, 1.0, 0.0, 0.0])
    exact = machine.gradient(data)
    assert float(exact["C"]) == pytest.approx(-0.0338, abs=1e-4)
    cases = np.repeat(data, 4000) if positive.startswith("gibbs") else data
    machine.train(
        cases,
        updates=1,
        batch=len(cases),
        optimizer="sgd(rate = 0.01)",
        positive=positive,
        negative=negative,
    )
    found = {
        "A": (machine.params["A"] - 2) / 0.01,
        "B": (machine.params["B"] - 2) / 0.01,
        "C": (machine.params["C"] + 3) / 0.01,
    }
    for name, x in found.items():
        assert float(x) == pytest.approx(float(exact[name]), abs=5 * 0.5 / 20000**0.5), name
