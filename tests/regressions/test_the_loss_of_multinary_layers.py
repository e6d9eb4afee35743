"""`contrastive_free_energy(base_measure = false)` is the loss of Differentiable multinary RBMs, eq.
6, with f(x) = N σ(kx).
"""

from __future__ import annotations

import numpy as np

import bmdsl


def test_equation_6() -> None:
    n, k = 4.0, 0.5
    text = f"""model m {{ visible v[3] : multinary({n:g}, gain = {k})
      hidden h[2] : multinary({n:g}, gain = {k})  param W, a, b
      energy = - W[i,j] v[i] h[j] - a[i] v[i] - b[j] h[j] }}"""
    machine = bmdsl.parse(text).compile(dtype="float64", backend="reference")
    generator = np.random.default_rng(2)
    for name, x in machine.params.items():
        machine.params[name] = generator.normal(0, 0.3, x.shape)
    v = generator.uniform(0, n, (5, 3))

    def loss(p: dict[str, np.ndarray]) -> float:
        up, back = (
            p["b"] + v @ p["W"],
            n
            / (
                1
                + np.exp(-k * (p["a"] + (n / (1 + np.exp(-k * (p["b"] + v @ p["W"])))) @ p["W"].T))
            ),
        )
        integral = n / k * (np.logaddexp(0, k * up) - np.logaddexp(0, k * (p["b"] + back @ p["W"])))
        return float(((v - back) @ p["a"] + integral.sum(1)).mean())

    out = {name: np.zeros_like(x) for name, x in machine.params.items()}
    found = machine.contrastive_free_energy({"v": v}, np.full(5, 0.2), out, 1.0, True, True, False)
    np.testing.assert_allclose(found, loss(machine.params), atol=1e-12)
    for name, x in machine.params.items():
        for at in np.ndindex(x.shape):
            moved = [{m: np.array(y) for m, y in machine.params.items()} for _ in range(2)]
            moved[0][name][at] += 1e-5
            moved[1][name][at] -= 1e-5
            np.testing.assert_allclose(
                out[name][at], (loss(moved[0]) - loss(moved[1])) / 2e-5, atol=1e-6
            )
