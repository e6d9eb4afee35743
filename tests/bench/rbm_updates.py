"""One update of an RBM, bmdsl beside a plain PyTorch loop, scikit-learn's BernoulliRBM and the bare
matrix products.

python -m tests.bench.rbm_updates            # the table of docs/performance.md
python -m tests.bench.rbm_updates busy       # beside a program that keeps one core busy
"""

from __future__ import annotations

import sys
from contextlib import nullcontext

import numpy as np

from . import harness

CASES = [
    {"phase": "cd", "steps": 1, "batch": 100},
    {"phase": "cd", "steps": 1, "batch": 500},
    {"phase": "pcd", "steps": 1, "batch": 100},
    {"phase": "pcd", "steps": 10, "batch": 100},
]
VISIBLE, HIDDEN = 784, 500


def _data(settings):
    return (np.random.default_rng(0).random((20 * settings["batch"], VISIBLE)) < 0.3).astype(
        np.float32
    )


def bmdsl(settings):
    """The product's own update, as its training loop calls it: minibatch, both phases, gradient,
    momentum step.
    """
    import bmdsl

    batch = settings["batch"]
    chains = f", chains = {batch}" if settings["phase"] == "pcd" else ""
    model = bmdsl.load("rbm", D=VISIBLE, H=HIDDEN).bind(
        {"negative": f"{settings['phase']}(steps = {settings['steps']}{chains})", "center": "off"}
    )
    return harness.training_update(model, {"v": _data(settings)}, batch)


def torch(settings):
    """What a user writes by hand: matmul, sigmoid, bernoulli, in-place momentum; no autograd."""
    import torch

    batch, steps = settings["batch"], settings["steps"]
    data = torch.from_numpy(_data(settings))
    w = 0.01 * torch.randn(VISIBLE, HIDDEN)
    b, c = torch.zeros(VISIBLE), torch.zeros(HIDDEN)
    velocity = [torch.zeros_like(x) for x in (w, b, c)]
    chain = torch.bernoulli(torch.full((batch, VISIBLE), 0.5))
    count = 0

    def update():
        nonlocal count, chain
        with torch.no_grad():
            place = count % 20
            v0 = data[place * batch : (place + 1) * batch]
            count += 1
            h0 = torch.sigmoid(v0 @ w + c)
            if settings["phase"] == "cd":
                h = torch.bernoulli(h0)
            else:
                h = torch.bernoulli(torch.sigmoid(chain @ w + c))
            for k in range(steps):
                v = torch.bernoulli(torch.sigmoid(h @ w.t() + b))
                mean = torch.sigmoid(v @ w + c)
                if k + 1 < steps:
                    h = torch.bernoulli(mean)
            chain = v
            gradient = ((v0.t() @ h0 - v.t() @ mean) / batch, (v0 - v).mean(0), (h0 - mean).mean(0))
            for x, u, g in zip((w, b, c), velocity, gradient, strict=True):
                u.mul_(0.5).add_(g, alpha=0.05)
                x.add_(u)

    return update


def sklearn(settings):
    """BernoulliRBM.partial_fit: persistent chains, one step, no momentum."""
    from sklearn.neural_network import BernoulliRBM

    batch = settings["batch"]
    data = _data(settings)
    machine = BernoulliRBM(
        n_components=HIDDEN, learning_rate=0.05, batch_size=batch, random_state=0
    )
    count = 0

    def update():
        nonlocal count
        place = count % 20
        machine.partial_fit(data[place * batch : (place + 1) * batch])
        count += 1

    return update


def products(settings):
    """The floor: the matrix products alone that any such update needs, by NumPy's BLAS on all
    threads.
    """
    batch, steps = settings["batch"], settings["steps"]
    v, w = (
        _data(settings)[:batch],
        np.random.default_rng(1).standard_normal((VISIBLE, HIDDEN)).astype(np.float32),
    )
    h, back, g = (
        np.empty((batch, HIDDEN), np.float32),
        np.empty((batch, VISIBLE), np.float32),
        np.empty_like(w),
    )

    def update():
        np.matmul(v, w, out=h)
        for _ in range(steps):
            np.matmul(h, w.T, out=back)
            np.matmul(v, w, out=h)
        np.matmul(v.T, h, out=g)
        np.matmul(v.T, h, out=g)

    return update


CONTENDERS = {"bmdsl": bmdsl, "torch": torch, "sklearn": sklearn, "products": products}


def main() -> None:
    if harness.served(CONTENDERS):
        return
    with harness.busy_core() if sys.argv[1:] == ["busy"] else nullcontext():
        table()


def table() -> None:
    """Prints a line for every case."""
    print(
        f"{'update':24}"
        + "".join(f"{n:>12}" for n in CONTENDERS)
        + f"{'vs torch':>10}{'vs sklearn':>12}{'vs floor':>10}"
    )
    for case in CASES:
        names = [n for n in CONTENDERS if n != "sklearn" or case["steps"] == 1]
        t = harness.compare("tests.bench.rbm_updates", names, case, together=20)
        label = f"{case['phase']}-{case['steps']} batch {case['batch']}"
        row = "".join(f"{t[n] * 1e3:9.2f} ms" if n in t else f"{'':>12}" for n in CONTENDERS)
        beside = f"{t['sklearn'] / t['bmdsl']:11.2f}x" if "sklearn" in t else f"{'':>12}"
        print(
            f"{label:24}{row}{t['torch'] / t['bmdsl']:9.2f}x{beside}"
            f"{t['bmdsl'] / t['products']:9.2f}x",
            flush=True,
        )


if __name__ == "__main__":
    main()
