"""One update of a dense stack 784-1000-500-200-100 trained jointly, bmdsl beside the same loss in
PyTorch's autograd.

python -m tests.bench.joint_stack
"""

from __future__ import annotations

import numpy as np

from . import harness

SIZES = (784, 1000, 500, 200, 100)
CASES = [{"batch": 128, "through": False}, {"batch": 128, "through": True}]
LAYER = """model layer(D, H) {{ visible v[D] : {0}  hidden h[H] : {0}
  param W init normal(0, 0.01), a, b
  energy = - W[i,j] v[i] h[j] - a[i] v[i] - b[j] h[j] }}"""


def _data(settings):
    return np.random.default_rng(0).random((20 * settings["batch"], SIZES[0])).astype("f")


def bmdsl(settings):
    """The product's own update, as its training loop calls it."""
    import bmdsl
    from bmdsl.runtime.threads import one_pool
    from bmdsl.stacks.joint import JointMachine, Trained
    from bmdsl.training.cases import Cases
    from bmdsl.training.recipe import Recipe

    layers = []
    for k in range(4):
        machine = bmdsl.parse(LAYER.format("binary"), D=SIZES[k], H=SIZES[k + 1]).compile(seed=k)
        layers.append(
            Trained(f"l{k}", None if k == 0 else f"l{k - 1}", None if k == 0 else "h", machine)
        )
    text = LAYER.format("binary").replace("}}", "}")[:-1]
    word = "true" if settings["through"] else "false"
    block = (
        f"train {{ objective contrastive_free_energy(through_reconstruction = {word}) optimizer"
        " adam(rate = 0.001) }"
    )
    training = bmdsl.parse(f"{text} {block} }}").checked.training
    joint, cases = JointMachine("stack", layers), Cases.of({"v": _data(settings)}, None)
    batch = settings["batch"]
    probe, _ = cases.batch(np.zeros(1, int), 0, joint.dtype)
    recipe, count = Recipe.of(joint, training, probe, 10**6), 0

    def update():
        nonlocal count
        place = count % 20
        made, share = cases.batch(np.arange(place * batch, (place + 1) * batch), count, joint.dtype)
        recipe.update(made, share)
        count += 1

    update()
    harness.KEEP.enter_context(one_pool())
    return update


def torch(settings):
    """The loss by hand, gradients by autograd, its own Adam."""
    import torch

    batch = settings["batch"]
    data = torch.from_numpy(_data(settings))
    layers = [
        [
            (0.01 * torch.randn(a, b)).requires_grad_(),
            torch.zeros(a, requires_grad=True),
            torch.zeros(b, requires_grad=True),
        ]
        for a, b in zip(SIZES, SIZES[1:], strict=False)
    ]
    optimizer = torch.optim.Adam([p for layer in layers for p in layer], lr=0.001)
    softplus, count = torch.nn.functional.softplus, 0

    def update():
        nonlocal count
        place = count % 20
        x, loss = data[place * batch : (place + 1) * batch], 0.0
        count += 1
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

    return update


CONTENDERS = {"bmdsl": bmdsl, "torch": torch}


def main():
    for settings in CASES:
        times = harness.compare("tests.bench.joint_stack", list(CONTENDERS), settings)
        print(
            settings,
            {n: f"{1e3 * t:.2f} ms" for n, t in times.items()},
            f"{times['torch'] / times['bmdsl']:.2f} x PyTorch's speed",
        )


if __name__ == "__main__" and not harness.served(CONTENDERS):
    main()
