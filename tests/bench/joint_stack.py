"""A dense stack 784-1000-500-200-100 trained jointly: the whole training call beside the same loss
in PyTorch's autograd.

python -m tests.bench.joint_stack

A call is a training of some epochs. bmdsl's composes and binds its update anew in every call, and
has the figures and checks of a training; PyTorch's updates parameters and nothing else.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from . import harness

SIZES = (784, 1000, 500, 200, 100)
BATCH, BATCHES, EPOCHS = 128, 40, 5
CASES = [{"through": False}, {"through": True}]
TEXT = """
model layer(D, H) {{ visible v[D] : binary  hidden h[H] : binary
  param W init normal(0, 0.01), a, b
  energy = - W[i,j] v[i] h[j] - a[i] v[i] - b[j] h[j] }}
stack deep {{
  one   : layer(D = {0}, H = {1})
  two   : layer(H = {2}) on one.h
  three : layer(H = {3}) on two.h
  four  : layer(H = {4}) on three.h
  train {{ jointly  transform as_means
    objective contrastive_free_energy(through_reconstruction = {through})
    optimizer adam(rate = 0.001)  batch {batch}  epochs {epochs} }}
}}"""


def _data():
    return np.random.default_rng(0).random((BATCHES * BATCH, SIZES[0])).astype("f")


def bmdsl(settings):
    """Layers that are there already, trained on."""
    import bmdsl
    from bmdsl.tasks.train_jointly import fit_jointly
    from bmdsl.tasks.train_stack import layers_at_start

    word = str(settings["through"]).lower()
    text = TEXT.format(*SIZES, through=word, batch=BATCH, epochs=EPOCHS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deep.bm"
        path.write_text(text)
        stack = bmdsl.load_stack(path)
    data = _data()
    layers = layers_at_start(stack, data, "float32")
    return lambda: fit_jointly(stack, layers, data, None)


def torch(settings):
    """The loss by hand, gradients by autograd, its own Adam."""
    import torch

    data = torch.from_numpy(_data())
    layers = [
        [
            (0.01 * torch.randn(a, b)).requires_grad_(),
            torch.zeros(a, requires_grad=True),
            torch.zeros(b, requires_grad=True),
        ]
        for a, b in zip(SIZES, SIZES[1:], strict=False)
    ]
    optimizer = torch.optim.Adam([p for layer in layers for p in layer], lr=0.001)
    softplus = torch.nn.functional.softplus

    def update(x):
        loss = 0.0
        for w, a, b in layers:
            eta = x @ w + b
            mean = torch.sigmoid(eta)
            back = torch.sigmoid(mean @ w.t() + a)
            if not settings["through"]:
                back = back.detach()
            loss = (
                loss
                + (((back - x) @ a) + softplus(back @ w + b).sum(1) - softplus(eta).sum(1)).mean()
            )
            x = mean
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def train():
        for _ in range(EPOCHS):
            for rows in torch.randperm(len(data)).split(BATCH):
                update(data[rows])

    return train


CONTENDERS = {"bmdsl": bmdsl, "torch": torch}


def main():
    for settings in CASES:
        times = harness.compare("tests.bench.joint_stack", list(CONTENDERS), settings, blocks=7)
        print(
            settings,
            {n: f"{1e3 * t / BATCHES / EPOCHS:.2f} ms an update" for n, t in times.items()},
            f"{times['torch'] / times['bmdsl']:.2f} x PyTorch's speed",
        )


if __name__ == "__main__" and not harness.served(CONTENDERS):
    main()
