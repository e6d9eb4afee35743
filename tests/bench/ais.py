"""Annealed importance sampling of an RBM, bmdsl beside a PyTorch loop by hand and the bare matrix
products.

python -m tests.bench.ais            # the table of docs/performance.md
"""

from __future__ import annotations

import numpy as np

from . import harness

CASES = [{"D": 784, "H": 500, "chains": 1000}]
STEPS = 10
"""Temperatures a timed call; a run has 1,000 of them."""


def _parameters(settings):
    generator = np.random.default_rng(0)
    d, h = settings["D"], settings["H"]
    return (
        generator.normal(0, 0.05, (d, h)).astype("f"),
        generator.normal(0, 1, d).astype("f"),
        generator.normal(-1, 1, h).astype("f"),
    )


def bmdsl(settings):
    """The product's own steps, weights and moves, as `log_partition("ais")` runs them."""
    import bmdsl
    from bmdsl.inference.selected_path import path_of
    from bmdsl.runtime.threads import one_pool

    m = bmdsl.load("rbm", D=settings["D"], H=settings["H"]).compile(seed=0)
    for name, value in zip("Wbc", _parameters(settings), strict=True):
        m.params[name] = value
    m.log_partition("ais", chains=10, steps=2, reverse=False)  # loads what is imported late
    harness.KEEP.enter_context(one_pool())
    harness.KEEP.enter_context(m.frozen())
    path = path_of(
        m, {"v": m.params["b"], "h": np.zeros(settings["H"], "f")}, settings["chains"], 10
    )
    path.start()
    count = 0

    def steps():
        nonlocal count
        path.follow(0.3 + 1e-6 * np.arange(count, count + STEPS + 1), count)
        count += STEPS

    return steps


def torch(settings):
    """By hand: weights with the hidden units summed out, then h and v. No autograd."""
    import torch

    w, b, c = (torch.from_numpy(x) for x in _parameters(settings))
    n = settings["chains"]
    v = torch.bernoulli(torch.full((n, settings["D"]), 0.5))
    total, count = torch.zeros(n), 0
    softplus = torch.nn.functional.softplus

    def steps():
        nonlocal v, total, count
        with torch.no_grad():
            for _ in range(STEPS):
                low, high = 0.3 + 1e-6 * count, 0.3 + 1e-6 * (count + 1)
                a = v @ w + c
                total = total + softplus(high * a).sum(1) - softplus(low * a).sum(1)
                p = torch.sigmoid(high * a)
                h = (torch.rand_like(p) < p).float()
                p = torch.sigmoid(high * (h @ w.t()) + b)
                v = (torch.rand_like(p) < p).float()
                count += 1

    return steps


def products(settings):
    """The two products of a step alone, by NumPy's BLAS, on real-valued factors."""
    w, *_ = _parameters(settings)
    generator = np.random.default_rng(0)
    v, h = (generator.random((settings["chains"], k)).astype("f") for k in w.shape)
    wt = np.ascontiguousarray(w.T)

    def steps():
        for _ in range(STEPS):
            np.dot(v, w)
            np.dot(h, wt)

    return steps


CONTENDERS = {"bmdsl": bmdsl, "torch": torch, "products": products}


def main():
    for settings in CASES:
        times = harness.compare(
            "tests.bench.ais", list(CONTENDERS), settings, blocks=9, seconds=0.5
        )
        each = {n: 1e3 * t / STEPS for n, t in times.items()}
        print(
            settings,
            "ms a temperature:",
            {n: round(x, 2) for n, x in each.items()},
            f"{each['torch'] / each['bmdsl']:.2f} x PyTorch's speed,"
            f" {each['bmdsl'] / each['products']:.2f} of the products' time",
        )


if __name__ == "__main__" and not harness.served(CONTENDERS):
    main()
