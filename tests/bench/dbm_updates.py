"""One update of a deep Boltzmann machine of two hidden layers, bmdsl beside a PyTorch loop by hand
and the bare matrix products.

python -m tests.bench.dbm_updates            # the table of docs/performance.md
"""

from __future__ import annotations

import numpy as np

from . import harness

SIZES = (784, 500, 500)
CASES = [
    {"batch": 50, "iterations": 10, "chains": 50},
    {"batch": 100, "iterations": 10, "chains": 100},
]


def _data(settings):
    return (np.random.default_rng(0).random((20 * settings["batch"], SIZES[0])) < 0.2).astype(
        np.float32
    )


def bmdsl(settings):
    """The product's own update, as its training loop calls it."""
    import bmdsl

    model = bmdsl.load("dbm", D=SIZES[0], H1=SIZES[1], H2=SIZES[2])
    positive, negative = (
        f"meanfield(steps = {settings['iterations']}, tol = 0)",
        f"pcd(steps = 1, chains = {settings['chains']})",
    )
    model = model.bind(
        {"positive": positive, "negative": negative, "center": "off", "batch": settings["batch"]}
    )
    return harness.training_update(model, {"v": _data(settings)}, settings["batch"])


def torch(settings):
    """By hand: v's product once, then the two layers in turn; persistent chains; in-place momentum.

    No autograd.
    """
    import torch

    batch, chains = settings["batch"], settings["chains"]
    data = torch.from_numpy(_data(settings))
    w, u = 0.01 * torch.randn(SIZES[0], SIZES[1]), 0.01 * torch.randn(SIZES[1], SIZES[2])
    a, b, c = (torch.zeros(n) for n in SIZES)
    velocity = [torch.zeros_like(x) for x in (w, u, a, b, c)]

    def draw(eta):
        p = torch.sigmoid(eta)
        return (torch.rand_like(p) < p).float()

    v, h1, h2 = (torch.zeros(chains, n) for n in SIZES)
    count = 0

    def update():
        nonlocal v, h1, h2, count
        with torch.no_grad():
            place = count % 20
            x = data[place * batch : (place + 1) * batch]
            count += 1
            below = x @ w + b
            m2 = torch.zeros(batch, SIZES[2])
            for _ in range(settings["iterations"]):
                m1 = torch.sigmoid(below + m2 @ u.t())
                m2 = torch.sigmoid(m1 @ u + c)
            h1 = draw(v @ w + h2 @ u.t() + b)
            v = draw(h1 @ w.t() + a)
            p2 = torch.sigmoid(h1 @ u + c)
            h2 = (torch.rand_like(p2) < p2).float()
            gradient = (
                (x.t() @ m1) / batch - (v.t() @ h1) / chains,
                (m1.t() @ m2) / batch - (h1.t() @ p2) / chains,
                x.mean(0) - v.mean(0),
                m1.mean(0) - h1.mean(0),
                m2.mean(0) - p2.mean(0),
            )
            for p, s, g in zip((w, u, a, b, c), velocity, gradient, strict=True):
                s.mul_(0.5).add_(g, alpha=0.05)
                p.add_(s)

    return update


def products(settings):
    """The products of such an update alone, by NumPy's BLAS: v's once, two an iteration, four of a
    sweep, four of the gradient.
    """
    batch, chains = settings["batch"], settings["chains"]
    generator = np.random.default_rng(0)
    w, u = (generator.random((SIZES[k], SIZES[k + 1])).astype("f") for k in range(2))
    x, m1, m2 = (generator.random((batch, n)).astype("f") for n in SIZES)
    v, h1, h2 = (generator.random((chains, n)).astype("f") for n in SIZES)

    def update():
        np.dot(x, w)
        for _ in range(settings["iterations"]):
            np.dot(m2, u.T)
            np.dot(m1, u)
        np.dot(v, w), np.dot(h2, u.T), np.dot(h1, w.T), np.dot(h1, u)
        np.dot(x.T, m1), np.dot(m1.T, m2), np.dot(v.T, h1), np.dot(h1.T, h2)

    return update


CONTENDERS = {"bmdsl": bmdsl, "torch": torch, "products": products}


def main():
    for settings in CASES:
        times = harness.compare("tests.bench.dbm_updates", list(CONTENDERS), settings, together=20)
        print(
            settings,
            {n: f"{1e3 * t:.2f} ms" for n, t in times.items()},
            f"{times['torch'] / times['bmdsl']:.2f} x PyTorch's speed,"
            f" {times['bmdsl'] / times['products']:.2f} of the products' time",
        )


if __name__ == "__main__" and not harness.served(CONTENDERS):
    main()
