"""`J[y,a] t[x,y] c[x,y,a]` over sites x: y is of the parameter and of both groups, so that J is no
matrix between them. It was taken for a convolution, and its axes did not match.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import bmdsl

TEXT = """model m(n = 2) {
  visible t[n,2] : spin
  visible c[n,2] : categorical(3)
  param J init normal(0, 1), K init normal(0, 1)
  energy = - 0.3 t[x,0] t[x,1] - J[y,a] t[x,y] c[x,y,a] - K[a,k] t[x,y] c[x,0,a] c[x,1,k]
}"""


def _energy(j: np.ndarray, k: np.ndarray, t: np.ndarray, c: np.ndarray) -> float:
    """The energy as it is written, place after place."""
    total = 0.0
    for x in range(2):
        total -= 0.3 * t[x, 0] * t[x, 1]
        for y in range(2):
            total -= j[y, c[x, y]] * t[x, y] + k[c[x, 0], c[x, 1]] * t[x, y]
    return total


@pytest.mark.parametrize("backend", ["numba", "reference"])
def test_energies_and_conditionals_are_those_of_the_sum(backend: str) -> None:
    machine = bmdsl.parse(TEXT).compile(seed=1, dtype="float64", backend=backend)
    j, k = machine.params["J"], machine.params["K"]
    assert j.shape == (2, 3) and k.shape == (3, 3)
    rng = np.random.default_rng(0)
    t, c = rng.choice([-1.0, 1.0], (5, 2, 2)), rng.integers(0, 3, (5, 2, 2))
    expected = [_energy(j, k, *pair) for pair in zip(t, c, strict=True)]
    one_hot = np.eye(3)[c]
    np.testing.assert_allclose(machine.energy(t=t, c=one_hot), expected, atol=1e-12)
    states = np.array(list(itertools.product([-1.0, 1.0], repeat=4))).reshape(-1, 2, 2)
    for r in range(5):
        weights = np.exp([-_energy(j, k, s, c[r]) for s in states])
        means = (weights[:, None, None] * states).sum(0) / weights.sum()
        drawn = machine.sample(4000, steps=20, clamp={"c": np.repeat(one_hot[r : r + 1], 4000, 0)})[
            "t"
        ].mean(0)
        assert (abs(drawn - means) < 5 / np.sqrt(4000)).all()


def test_its_gradient_is_the_mean_of_its_statistic() -> None:
    machine = bmdsl.parse(TEXT).compile(seed=1, dtype="float64", backend="reference")
    rng = np.random.default_rng(0)
    data = {"t": rng.choice([-1.0, 1.0], (60, 2, 2)), "c": rng.integers(0, 3, (60, 2, 2))}
    before = {n: x.copy() for n, x in machine.params.items()}
    machine.train(
        data,
        progress=False,
        negative="exact",
        optimizer="sgd(rate = 0.1)",
        batch=60,
        updates=1,
        center="off",
    )
    every_t = list(itertools.product([-1.0, 1.0], repeat=4))
    every_c = list(itertools.product(range(3), repeat=4))
    statistic, total = np.zeros((2, 3)), 0.0
    for s, z in itertools.product(every_t, every_c):
        t, c = np.reshape(s, (2, 2)), np.reshape(z, (2, 2))
        weight = np.exp(-_energy(before["J"], before["K"], t, c))
        total += weight
        for x, y in itertools.product(range(2), repeat=2):
            statistic[y, c[x, y]] += weight * t[x, y]
    seen = np.zeros((2, 3))
    for t, c in zip(data["t"], data["c"], strict=True):
        for x, y in itertools.product(range(2), repeat=2):
            seen[y, c[x, y]] += t[x, y] / 60
    step = machine.params["J"] - before["J"]
    np.testing.assert_allclose(step, 0.1 * (seen - statistic / total), atol=1e-10)
