"""Deep Boltzmann machines trained jointly (Desjardins, Courville & Bengio 2012) on binarised MNIST.

    python deep_boltzmann_machines.py figure three OUT.png        figure 2: trains what runs/ lacks
    of plain, equal, greedy, centred; draws; bounds python deep_boltzmann_machines.py figure two
    OUT.png          its figure 3
    python deep_boltzmann_machines.py train VARIANT [EPOCHS]      into runs/VARIANT
    python deep_boltzmann_machines.py draw OUT.png VARIANT ...    filters of every layer, one row a
    machine; counts of dead filters python deep_boltzmann_machines.py bound VARIANT ...
    test log-likelihood, at least

VARIANTS: two-plain two-zero two-equal two-centred two-greedy, three-plain three-equal three-centred
three-greedy; wide-centred, 500-1000 for its likelihood
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import bmdsl
from bmdsl.data.load import load
from bmdsl.report.layer_filters import layer_filters
from bmdsl.report.plots import montage

HERE = Path(__file__).parent
SAME = {
    "positive": "meanfield(steps = 30, tol = 1e-3)",
    "negative": "pcd(steps = 1, chains = 50)",
    "optimizer": "sgd(rate = 0.01)",
    "batch": 50,
    "transform": None,
    "center": "off",
}
HOW = {
    "plain": {},
    "zero": {},
    "equal": {"penalty": "equal_norms({}, coupling = 1, damping = 1e-3)"},
    "greedy": {"pretrain": "greedy(epochs = 10)"},
    "centred": {"center": "on"},
}
WIDE = {
    "positive": "meanfield(steps = 30, tol = 1e-3)",
    "optimizer": "sgd(rate = 0.01, momentum = 0.5)",
    "penalty": "l2(W_v_h1, 0.0001), l2(W_h1_h2, 0.0001)",
}
"""A machine trained for its likelihood: batch 100, 100 chains, weight decay."""
EPOCHS = {"two": 25, "three": 8, "wide": 100}
WEIGHTS = {
    "two": ("W_v_h1", "W_h1_h2"),
    "wide": ("W_v_h1", "W_h1_h2"),
    "three": ("W_v_h1", "W_h1_h2", "W_h2_h3"),
}


def model_of(variant):
    """The machine's text with the settings of a variant."""
    depth, how = variant.split("-")
    if depth == "wide":
        return bmdsl.load("dbm", H1=500, H2=1000).bind(WIDE)
    base = (
        bmdsl.load("dbm", H1=500, H2=500)
        if depth == "two"
        else bmdsl.load(HERE / "deep-machine.bm")
    )
    named = ", ".join(f"{w} = 0.1" for w in WEIGHTS[depth])
    return base.bind(
        {n: x for n, x in SAME.items() if x is not None}
        | {n: x.format(named) if n == "penalty" else x for n, x in HOW[how].items()}
    )


def train(variant, epochs=None):
    """One machine, `epochs` of 1,000 updates (`wide`: of 500)."""
    data = (load("binarized-mnist").values > 0.5).astype(np.float32)
    model = model_of(variant).bind(D=784)
    if variant.endswith("zero"):  # visible biases start at 0, not at the data's log odds
        model = bmdsl.parse(
            model.source.text.replace("init logit_mean(v)", ""), **model.arguments
        ).bind(model.settings)
    machine = model.compile(seed=0)
    machine.train(
        data,
        out=f"runs/{variant}",
        epochs=int(epochs or EPOCHS[variant.split("-")[0]]),
        schedule="linear(to = 0)",
    )


def dead(weights):
    """First-layer filters whose norm is less than a quarter of the strong ones' (the 95th
    percentile): norms fall into two clusters.
    """
    norms = np.linalg.norm(weights, axis=1)
    return norms < 0.25 * np.percentile(norms, 95)


def draw(path, *variants):
    """64 filters of every layer, drawn at random; of higher layers combinations over the 20
    strongest connections.
    """
    columns = max(len(WEIGHTS[v.split("-")[0]]) for v in variants)
    figure, axes = plt.subplots(
        len(variants), columns, figsize=(3.1 * columns, 3.3 * len(variants)), squeeze=False
    )
    for row, variant in zip(axes, variants, strict=True):
        machine = bmdsl.open(f"runs/{variant}")
        shown = layer_filters(machine, "v")
        still = dead(shown["h1"])
        print(
            f"{variant}: {still.sum()} of {len(still)} first-layer filters dead"
            f" ({100 * still.mean():.0f} %)",
            flush=True,
        )
        for place, (name, filters) in zip(row, shown.items(), strict=False):
            chosen = filters[np.random.default_rng(0).permutation(len(filters))[:64]]
            high = np.percentile(np.abs(chosen), 99.5)
            place.imshow(montage(chosen, (28, 28), np.nan, 8), cmap="RdBu_r", vmin=-high, vmax=high)
            place.set_title(
                f"{variant}, {name}"
                + (f": {100 * still.mean():.0f} % dead" if name == "h1" else ""),
                fontsize=9,
            )
        for place in row:
            place.set_axis_off()
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def bound(*variants):
    """Mean field's bound on the test cases minus log Z, by AIS and reverse AIS."""
    for variant in variants:
        machine = bmdsl.open(f"runs/{variant}")
        data, test = (
            (load("binarized-mnist", part).values > 0.5).astype(np.float32)
            for part in ("train", "test")
        )
        found = machine.log_partition("ais", data=data, chains=500, steps=3000)
        inside = np.concatenate(
            [
                machine.variational_bound({"v": test[lo : lo + 2000]})
                for lo in range(0, len(test), 2000)
            ]
        ).mean()
        print(
            f"{variant}: test bound {inside - found.forward.value:.2f} by AIS ±"
            f" {1.96 * found.forward.std_error:.2f}, {inside - found.reverse.value:.2f} by reverse"
            f" AIS ± {1.96 * found.reverse.std_error:.2f}",
            flush=True,
        )


def figure(depth, path):
    """Filters, dead ones and bounds of one depth's four ways of training, trained where there is no
    run yet.
    """
    variants = [f"{depth}-{how}" for how in ("plain", "equal", "greedy", "centred")]
    for variant in variants:
        if not Path(f"runs/{variant}/params.safetensors").is_file():
            train(variant)
    draw(path, *variants)
    bound(*variants)


if __name__ == "__main__":
    {"figure": figure, "train": train, "draw": draw, "bound": bound}[sys.argv[1]](*sys.argv[2:])
