"""Whole trainings of an RBM by contrastive divergence: `machine.train` beside the loops that users
write by hand.

    python -m tests.bench.whole_trainings            # the table of docs/performance.md
    python -m tests.bench.whole_trainings 0 2        # its first and third row

A call is a training of so many epochs. bmdsl's has all that `machine.train` does by itself:
monitors, figures, checks for what is not finite. The others update parameters and nothing else.
"""

from __future__ import annotations

import sys

import numpy as np

from . import harness

CASES = [
    {
        "cases": 1797,
        "visible": 64,
        "hidden": 100,
        "phase": "cd",
        "steps": 1,
        "batch": 10,
        "epochs": 40,
    },
    {
        "cases": 1797,
        "visible": 64,
        "hidden": 100,
        "phase": "cd",
        "steps": 1,
        "batch": 100,
        "epochs": 200,
    },
    {
        "cases": 10000,
        "visible": 784,
        "hidden": 500,
        "phase": "cd",
        "steps": 1,
        "batch": 100,
        "epochs": 2,
    },
    {
        "cases": 10000,
        "visible": 784,
        "hidden": 500,
        "phase": "pcd",
        "steps": 10,
        "batch": 100,
        "epochs": 1,
    },
]
RATE = 0.05


def _data(s: dict) -> np.ndarray:
    return (np.random.default_rng(0).random((s["cases"], s["visible"])) < 0.3).astype(np.float32)


def bmdsl(s: dict):
    """`machine.train` with a train block's settings."""
    import bmdsl

    x = _data(s)
    machine = bmdsl.load("rbm", D=s["visible"], H=s["hidden"]).compile(seed=0)
    chains = f", chains = {s['batch']}" if s["phase"] == "pcd" else ""
    settings = {
        "negative": f"{s['phase']}(steps = {s['steps']}{chains})",
        "optimizer": f"sgd(rate = {RATE})",
        "center": "off",
        "batch": s["batch"],
        "epochs": s["epochs"],
    }

    def train() -> None:
        machine.train(x, progress=False, **settings)

    return train


def torch(s: dict):
    """A loop over minibatches in PyTorch: matmul, sigmoid, bernoulli, steps in place; no
    autograd.
    """
    import torch

    data, batch = torch.from_numpy(_data(s)), s["batch"]
    w = 0.01 * torch.randn(s["visible"], s["hidden"])
    b, c = torch.zeros(s["visible"]), torch.zeros(s["hidden"])
    chain = torch.bernoulli(torch.full((batch, s["visible"]), 0.5))

    def train() -> None:
        nonlocal chain
        with torch.no_grad():
            for _ in range(s["epochs"]):
                order = torch.randperm(len(data))
                for rows in order.split(batch):
                    v0 = data[rows]
                    h0 = torch.sigmoid(v0 @ w + c)
                    h = torch.bernoulli(h0 if s["phase"] == "cd" else torch.sigmoid(chain @ w + c))
                    for k in range(s["steps"]):
                        v = torch.bernoulli(torch.sigmoid(h @ w.t() + b))
                        mean = torch.sigmoid(v @ w + c)
                        if k + 1 < s["steps"]:
                            h = torch.bernoulli(mean)
                    chain = v
                    w.add_(v0.t() @ h0 / len(v0) - v.t() @ mean / len(v), alpha=RATE)
                    b.add_(v0.mean(0) - v.mean(0), alpha=RATE)
                    c.add_(h0.mean(0) - mean.mean(0), alpha=RATE)

    return train


def sklearn(s: dict):
    """BernoulliRBM.fit: persistent chains, one step."""
    from sklearn.neural_network import BernoulliRBM

    x = _data(s)
    machine = BernoulliRBM(
        n_components=s["hidden"],
        learning_rate=RATE,
        batch_size=s["batch"],
        n_iter=s["epochs"],
        random_state=0,
    )

    def train() -> None:
        machine.fit(x)

    return train


def jax(s: dict):
    """An epoch as one compiled `lax.scan` over its minibatches; the last, smaller one is
    left out.
    """
    import jax
    import jax.numpy as jnp

    x, batch = jnp.asarray(_data(s)), s["batch"]
    count = len(x) // batch

    def update(carry, rows):
        (w, b, c), key, chain = carry
        key, *keys = jax.random.split(key, 2 * s["steps"] + 2)
        v0 = x[rows]
        h0 = jax.nn.sigmoid(v0 @ w + c)
        p = h0 if s["phase"] == "cd" else jax.nn.sigmoid(chain @ w + c)
        h = jax.random.bernoulli(keys[-1], p).astype(x.dtype)
        for k in range(s["steps"]):
            v = jax.random.bernoulli(keys[2 * k], jax.nn.sigmoid(h @ w.T + b)).astype(x.dtype)
            mean = jax.nn.sigmoid(v @ w + c)
            if k + 1 < s["steps"]:
                h = jax.random.bernoulli(keys[2 * k + 1], mean).astype(x.dtype)
        w = w + RATE * (v0.T @ h0 - v.T @ mean) / batch
        b = b + RATE * (v0 - v).mean(0)
        c = c + RATE * (h0 - mean).mean(0)
        return ((w, b, c), key, v), None

    @jax.jit
    def epoch(carry, order):
        return jax.lax.scan(update, carry, order)[0]

    key = jax.random.PRNGKey(0)
    w = 0.01 * jax.random.normal(key, (s["visible"], s["hidden"]))
    carry = ((w, jnp.zeros(s["visible"]), jnp.zeros(s["hidden"])), key, x[:batch])
    generator = np.random.default_rng(0)

    def train() -> None:
        nonlocal carry
        for _ in range(s["epochs"]):
            order = generator.permutation(len(x))[: count * batch].reshape(count, batch)
            carry = epoch(carry, order)
        jax.block_until_ready(carry)

    return train


CONTENDERS = {"bmdsl": bmdsl, "torch": torch, "sklearn": sklearn, "jax": jax}


def main() -> None:
    if harness.served(CONTENDERS):
        return
    print(
        f"{'an update':34}"
        + "".join(f"{n:>12}" for n in CONTENDERS)
        + "".join(f"{'vs ' + n:>12}" for n in list(CONTENDERS)[1:])
    )
    for case in [CASES[int(k)] for k in sys.argv[1:]] or CASES:
        names = [n for n in CONTENDERS if n != "sklearn" or case["steps"] == 1]
        updates = case["epochs"] * -(-case["cases"] // case["batch"])
        t = {
            n: x / updates
            for n, x in harness.compare(
                "tests.bench.whole_trainings", names, case, blocks=9
            ).items()
        }
        label = (
            f"{case['visible']}x{case['hidden']}, {case['phase']}-{case['steps']}, batch"
            f" {case['batch']}"
        )
        row = "".join(f"{t[n] * 1e3:9.3f} ms" if n in t else f"{'':>12}" for n in CONTENDERS)
        beside = "".join(
            f"{t[n] / t['bmdsl']:11.2f}x" if n in t else f"{'':>12}" for n in list(CONTENDERS)[1:]
        )
        print(f"{label:34}{row}{beside}", flush=True)


if __name__ == "__main__":
    main()
