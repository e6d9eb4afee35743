"""One CD-1 update of an implicit mixture of RBMs, bmdsl beside a PyTorch loop by hand and the bare
matrix products.

python -m tests.bench.implicit_mixture            # the table of docs/performance.md
"""

from __future__ import annotations

import numpy as np

from . import harness

VISIBLE, RATE, MOMENTUM = 784, 0.05, 0.5
CASES = [{"K": 80, "H": 100, "batch": 100, "temperature": 10.0}]


def _data(settings):
    return (np.random.default_rng(0).random((20 * settings["batch"], VISIBLE)) < 0.2).astype(
        np.float32
    )


def bmdsl(settings):
    """The product's own update, as its training loop calls it."""
    import bmdsl

    batch = settings["batch"]
    model = bmdsl.load("imrbm", D=VISIBLE, K=settings["K"], H=settings["H"])
    optimizer, temperature = (
        f"sgd(rate = {RATE}, momentum = {MOMENTUM})",
        f"z = {settings['temperature']}",
    )
    model = model.bind(
        {
            "positive": "gibbs(steps = 1)",
            "negative": "cd(steps = 1)",
            "optimizer": optimizer,
            "temperature": temperature,
        }
    )
    return harness.training_update(model, {"v": _data(settings)}, batch)


def torch(settings):
    """By hand: free energies of all components in one product, then only the slices that were
    picked. No autograd.
    """
    import torch

    k, h, batch, t = settings["K"], settings["H"], settings["batch"], settings["temperature"]
    data = torch.from_numpy(_data(settings))
    w = 0.01 * torch.randn(k, VISIBLE, h)
    b, c, d = torch.zeros(VISIBLE), torch.zeros(k, h), torch.zeros(k)
    g, velocity = torch.zeros_like(w), [torch.zeros_like(x) for x in (w, b, c, d)]
    count = 0

    def picked(v):
        a = torch.matmul(v, w) + c[:, None]  # [k, batch, h]
        z = torch.multinomial(
            torch.softmax((torch.nn.functional.softplus(a).sum(2) + d[:, None]).t() / t, 1), 1
        )[:, 0]
        return z, torch.sigmoid(a[z, torch.arange(len(v))])

    def update():
        nonlocal count
        with torch.no_grad():
            place = count % 20
            v0 = data[place * batch : (place + 1) * batch]
            count += 1
            z0, m0 = picked(v0)
            h0 = torch.bernoulli(m0)
            v1 = torch.empty_like(v0)
            for q in z0.unique():
                rows = z0 == q
                v1[rows] = h0[rows] @ w[q].t()
            v1 = torch.bernoulli(torch.sigmoid(v1 + b))
            z1, m1 = picked(v1)
            g.zero_()
            gc, gd = torch.zeros_like(c), torch.zeros_like(d)
            for z, v, m, sign in ((z0, v0, m0, 1), (z1, v1, m1, -1)):
                for q in z.unique():
                    rows = z == q
                    g[q].addmm_(v[rows].t(), m[rows], alpha=sign / batch)
                gc.index_add_(0, z, m, alpha=sign / batch)
                gd.index_add_(0, z, torch.ones(batch), alpha=sign / batch)
            for x, u, y in zip((w, b, c, d), velocity, (g, (v0 - v1).mean(0), gc, gd), strict=True):
                u.mul_(MOMENTUM).add_(y, alpha=RATE)
                x.add_(u)

    return update


def products(settings):
    """The floor: the two products for all components, and those with the slices of the components
    picked, by NumPy's BLAS on all threads.
    """
    k, h, batch = settings["K"], settings["H"], settings["batch"]
    generator = np.random.default_rng(1)
    v, w = _data(settings)[:batch], generator.standard_normal((VISIBLE, k * h)).astype(np.float32)
    slices, out = (
        generator.standard_normal((k, VISIBLE, h)).astype(np.float32),
        np.empty((batch, k * h), np.float32),
    )
    z, x = generator.integers(0, k, batch), (generator.random((batch, h)) < 0.5).astype(np.float32)
    rows = [np.flatnonzero(z == q) for q in range(k)]
    cases, hidden = [v[r] for r in rows], [x[r] for r in rows]

    def update():
        np.matmul(v, w, out=out)
        np.matmul(v, w, out=out)
        for q in range(k):
            if len(rows[q]):
                np.matmul(hidden[q], slices[q].T)
                np.matmul(cases[q].T, hidden[q])
                np.matmul(cases[q].T, hidden[q])

    return update


def large_products(settings):
    """The two products for all components alone."""
    v, w = (
        _data(settings)[: settings["batch"]],
        np.ones((VISIBLE, settings["K"] * settings["H"]), np.float32),
    )
    out = np.empty((len(v), w.shape[1]), np.float32)

    def update():
        np.matmul(v, w, out=out)
        np.matmul(v, w, out=out)

    return update


CONTENDERS = {"bmdsl": bmdsl, "torch": torch, "products": products, "large": large_products}


def main() -> None:
    if harness.served(CONTENDERS):
        return
    print(
        f"{'update':28}"
        + "".join(f"{n:>12}" for n in CONTENDERS)
        + f"{'vs torch':>10}{'vs products':>13}{'vs large':>10}"
    )
    for case in CASES:
        t = harness.compare("tests.bench.implicit_mixture", list(CONTENDERS), case, together=20)
        row = "".join(f"{t[n] * 1e3:9.2f} ms" for n in CONTENDERS)
        label = f"K {case['K']}, H {case['H']}, batch {case['batch']}"
        own = t["bmdsl"]
        ratios = f"{t['torch'] / own:9.2f}x{own / t['products']:12.2f}x{own / t['large']:9.2f}x"
        print(f"{label:28}{row}{ratios}", flush=True)


if __name__ == "__main__":
    main()
