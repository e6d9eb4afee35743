"""Implicit mixtures of RBMs (Nair & Hinton 2008) on MNIST.

python implicit_mixtures.py twos-threes [SEEDS] | collapse [SEEDS] | five OUT.png | eighty [SEED] |
gaussians
"""

import sys
import warnings

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture

import bmdsl
from bmdsl.data.load import load

OWN_BIASES = """
model own(D, K = 2, H = 100) {
  visible v[D] : binary
  hidden  h[H] : binary
  hidden  z    : categorical(K)
  param W init normal(0, 0.01)
  param b, c, d
  energy = - W[i,k,j] v[i] z[k] h[j] - b[k,i] z[k] v[i] - c[k,j] z[k] h[j] - d[k] z[k]
  train { positive gibbs(steps = 1)  negative cd(steps = 1)
  optimizer sgd(rate = 0.05, momentum = 0.5)  batch 100  epochs 20 }
}
"""
SAMPLES = {"transform": "binarize(threshold)", "negative": "cd(steps = 1)"}
EVEN = "sparsity(z, target = 0.5, rate = 20)"
VARIANTS = [
    ("as shipped: grey levels, means in reconstructions, T = 10, even use", "shared", None),
    ("thresholded, samples in reconstructions, T = 10, even use", "shared", {}),
    ("T = 1, even use", "shared", {"temperature": "z = 1"}),
    ("T = 100, even use", "shared", {"temperature": "z = 100"}),
    ("T from 100 to 1, even use", "shared", {"temperature": "z = geometric(100, 1)"}),
    ("own biases from 0, T = 10, even use", "own", {"temperature": "z = 10", "penalty": EVEN}),
    ("momentum 0.9", "shared", {"optimizer": "sgd(rate = 0.05, momentum = 0.9)"}),
    ("persistent chains", "shared", {"negative": "pcd(steps = 1, chains = 100)"}),
    (
        "T = 1, use left free",
        "shared",
        {"temperature": "z = 1", "penalty": "sparsity(z, target = 0.5, rate = 0)"},
    ),
    ("T = 10, use left free", "shared", {"penalty": "sparsity(z, target = 0.5, rate = 0)"}),
    (
        "T = 100, use left free",
        "shared",
        {"temperature": "z = 100", "penalty": "sparsity(z, target = 0.5, rate = 0)"},
    ),
    ("own biases from 0, T = 1, use left free", "own", {"temperature": "z = 1"}),
    ("own biases from 0, T = 100, use left free", "own", {"temperature": "z = 100"}),
    (
        "own biases from 0, T = 1, use left free, momentum 0.9",
        "own",
        {"temperature": "z = 1", "optimizer": "sgd(rate = 0.05, momentum = 0.9)"},
    ),
]


def digits(part, kinds, most=None, seed=0):
    """Grey images of these digits, `most` of each drawn with a seed, and their labels."""
    whole = load("mnist", part)
    rows = [np.flatnonzero(whole.labels == k) for k in kinds]
    if most is not None:
        generator = np.random.default_rng(seed)
        rows = [generator.permutation(r)[:most] for r in rows]
    chosen = np.concatenate(rows)
    return whole.values[chosen].astype(np.float32), whole.labels[chosen]


def wrong(machine, x, labels):
    """Cases that the most probable component's label is not theirs, each component labelled by its
    majority; share of the smaller component.
    """
    z = machine.posterior(v=x)["z"].argmax(1)
    errors = sum(
        int((labels[z == k] != np.bincount(labels[z == k]).argmax()).sum()) for k in np.unique(z)
    )
    return errors, np.bincount(z, minlength=2).min() / len(z)


def clusters(model, settings, seed):
    """Errors of one seed and the smaller component's share; pixels are thresholded where the
    settings say so.
    """
    x, _ = digits("train", (2, 3), 4000, seed)
    test, labels = digits("test", (2, 3))
    if "binarize" in settings.get("transform", ""):
        test = (test > 0.5).astype(np.float32)
    machine = model.bind({**settings, "seed": seed}).compile(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        machine.train(x)
    return wrong(machine, test, labels)


def twos_threes(seeds="10"):
    """K = 2, H = 100 on 4,000 twos and 4,000 threes without labels; errors on the test
    set's 2,042.
    """
    found = [
        clusters(bmdsl.load("imrbm", D=784, K=2, H=100), {}, seed)[0] for seed in range(int(seeds))
    ]
    print(
        f"mixture, {seeds} seeds: {found}, mean {np.mean(found):.1f}, standard deviation"
        f" {np.std(found, ddof=1):.1f}"
    )
    beside = []
    test, labels = digits("test", (2, 3))
    for seed in range(int(seeds)):
        x, y = digits("train", (2, 3), 4000, seed)
        order = np.random.default_rng(seed).permutation(len(x))
        held, rest = order[:1000], order[1000:]
        scores = {
            c: LogisticRegression(C=c, max_iter=1000).fit(x[rest], y[rest])
            for c in (0.001, 0.003, 0.01, 0.03, 0.1)
        }
        best = max(scores.values(), key=lambda one: one.score(x[held], y[held]))
        beside.append(int((best.predict(test) != labels).sum()))
    print(f"logistic regression with all labels: {beside}, mean {np.mean(beside):.1f}")


def collapse(seeds="10"):
    """The same for other choices: how many seeds keep both components, and their errors."""
    print(f"{'variant':56} both used   errors of those: median, range")
    for name, which, settings in VARIANTS:
        model = (
            bmdsl.load("imrbm", D=784, K=2, H=100)
            if which == "shared"
            else bmdsl.parse(OWN_BIASES, D=784)
        )
        found = [
            clusters(model, {} if settings is None else {**SAMPLES, **settings}, seed)
            for seed in range(int(seeds))
        ]
        kept = sorted(errors for errors, least in found if least > 0.1)
        shown = f"{np.median(kept):.0f}, {kept[0]} to {kept[-1]}" if kept else "none"
        print(f"{name:56} {len(kept):2d} of {seeds}    {shown}", flush=True)


def five(path):
    """K = 5, H = 25 on all of MNIST: every feature, and the classes that each component takes."""
    x, labels = digits("train", range(10))
    machine = bmdsl.load("imrbm", D=784, K=5, H=25).bind({"epochs": 30}).compile(seed=0)
    machine.train(x)
    z = np.concatenate(
        [machine.posterior(v=x[lo : lo + 5000])["z"].argmax(1) for lo in range(0, len(x), 5000)]
    )
    weights = machine.params["W"].transpose(1, 2, 0)
    figure, axes = plt.subplots(2, 5, figsize=(11, 3.9), gridspec_kw={"height_ratios": (2.2, 1)})
    high = np.percentile(np.abs(weights), 99.5)
    for k in range(5):
        order = np.argsort(-np.linalg.norm(weights[k], axis=1))
        tiles = np.pad(
            weights[k][order].reshape(5, 5, 28, 28),
            ((0, 0), (0, 0), (0, 1), (0, 1)),
            constant_values=np.nan,
        )
        axes[0, k].imshow(
            tiles.transpose(0, 2, 1, 3).reshape(145, 145), cmap="RdBu_r", vmin=-high, vmax=high
        )
        axes[0, k].set_axis_off()
        axes[0, k].set_title(f"component {k}", fontsize=9)
        share = [np.mean(z[labels == c] == k) for c in range(10)]
        axes[1, k].bar(range(10), share, color="#1f4e79")
        axes[1, k].set_ylim(0, 1)
        axes[1, k].set_xticks(range(10))
        axes[1, k].tick_params(labelsize=7)
        axes[1, k].spines[["top", "right"]].set_visible(False)
        print(
            f"component {k}: "
            + "  ".join(f"{c}: {s:.2f}" for c, s in enumerate(share) if s >= 0.1),
            flush=True,
        )
    axes[1, 0].set_ylabel("share of the class", fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=130)


def eighty(seed="0"):
    """K = 80, H = 100 on all of MNIST: 36 epochs at a rate of 0.1, then 12 in which it falls to 0;
    logistic regression on −F(v, z_k).
    """
    parts = [load("mnist", part) for part in ("train", "test")]
    model, machine = (
        bmdsl.load("imrbm", D=784, K=80, H=100).bind(
            {"optimizer": "sgd(rate = 0.1, momentum = 0.5)", "seed": int(seed)}
        ),
        None,
    )
    for more in (
        {"epochs": 36},
        {"epochs": 12, "schedule": "linear(to = 0)", "seed": int(seed) + 1000},
    ):
        start, machine = machine, model.bind(more).compile(seed=int(seed))
        for name, value in (start.params if start is not None else {}).items():
            machine.params[name] = value
        machine.train(parts[0].values)
    features = [
        np.concatenate(
            [
                machine.transform(p.values[lo : lo + 5000], "unnormalised")
                for lo in range(0, len(p.values), 5000)
            ]
        )
        for p in parts
    ]
    z, labels = features[0].argmax(1), parts[0].labels
    purity = sum(np.bincount(labels[z == k]).max() for k in range(80) if (z == k).any()) / len(z)
    order = np.random.default_rng(0).permutation(len(z))
    held, rest = order[:10_000], order[10_000:]
    mean, spread = features[0][rest].mean(0), features[0][rest].std(0)
    x, t = ((f - mean) / spread for f in features)
    fitted = [
        LogisticRegression(C=c, max_iter=1000, solver="newton-cholesky").fit(x[rest], labels[rest])
        for c in (0.1, 1, 10)
    ]
    best = max(fitted, key=lambda one: one.score(x[held], labels[held]))
    print(
        f"seed {seed}: purity {purity:.2f}, {(np.bincount(z, minlength=80) == 0).sum()} components"
        " unused,",
        end=" ",
    )
    print(
        f"error {100 * (1 - best.score(x[held], labels[held])):.2f} % on validation cases,"
        f" {100 * (1 - best.score(t, parts[1].labels)):.2f} % on test cases"
    )


def gaussians():
    """80 Gaussians of full covariance on 30 principal components of the grey images, by EM;
    logistic regression on the components' log joint densities.
    """
    parts = [load("fashion-mnist", part) for part in ("train", "test")]
    whole = PCA(30, random_state=0).fit(parts[0].values)
    train, test = (whole.transform(p.values) for p in parts)
    mixture = GaussianMixture(80, reg_covar=1e-3, max_iter=60, random_state=0).fit(train)
    x, z = (mixture._estimate_weighted_log_prob(part) for part in (train, test))
    mean, spread = x[10_000:].mean(0), x[10_000:].std(0)
    x, z, y = (x - mean) / spread, (z - mean) / spread, parts[0].labels
    fitted = [
        LogisticRegression(C=c, max_iter=1000).fit(x[10_000:], y[10_000:]) for c in (0.1, 1, 10)
    ]
    best = max(fitted, key=lambda one: one.score(x[:10_000], y[:10_000]))
    print(f"80 Gaussians: {100 * (1 - best.score(z, parts[1].labels)):.2f} %")


if __name__ == "__main__":
    {
        "twos-threes": twos_threes,
        "collapse": collapse,
        "five": five,
        "eighty": eighty,
        "gaussians": gaussians,
    }[sys.argv[1]](*sys.argv[2:])
