"""Stacks of multinary units (Differentiable multinary RBMs): N = 1 beside N = 255, and a stack on
colour images.

python multinary.py trial
python multinary.py table mnist | fashion-mnist
python multinary.py sparse mnist | fashion-mnist
python multinary.py copies OUT.png
python multinary.py colour OUT.png [STACK [DATA]]
"""

import sys
import tempfile
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from scipy.special import logit
from sklearn.decomposition import PCA
from sklearn.svm import SVC

import bmdsl
from bmdsl.data.load import load
from bmdsl.report.plots import montage

HERE = Path(__file__).parent
SWEEPS = 10_000


def support_vectors(x, y, test, wanted):
    """Test error in per cent of an SVM with Gaussian kernel, C = 5, on 100 principal components, as
    they are or divided by the root of their
    deviations: whichever does better on the last 10,000 training cases, learnt from the first
    10,000.
    """
    whole = PCA(100, random_state=0).fit(x)
    parts = [whole.transform(part) for part in (x, test)]
    scores = {}
    for power in (0, 0.25):
        few = parts[0] / whole.explained_variance_**power
        scores[power] = (
            SVC(C=5, cache_size=2000)
            .fit(few[:10_000], y[:10_000])
            .score(few[-10_000:], y[-10_000:])
        )
    best = max(scores, key=lambda power: scores[power])
    x, test = (part / whole.explained_variance_**best for part in parts)
    return 100 * (1 - SVC(C=5, cache_size=2000).fit(x, y).score(test, wanted))


TRIAL = """
model layer(C, S, F, N = 255, g = 1) {{
  visible v[C,S,S] : multinary(N, gain = g)  hidden h[F,S/2,S/2] : multinary(N, gain = g)
  param W[C,F,4,4] init normal(0, 0.01), a, b
  energy = - W[c,f,p,q] v[c,pad(2*x+p-1),pad(2*y+q-1)] h[f,x,y] - a[c] v[c,x,y] - b[f] h[f,x,y]
}}
stack trial {{
  one : layer(C = 1, S = 28, F = 32, N = {N}, g = {g})
  two : layer(C = 32, S = 14, F = 64, N = {N}, g = {g}) on one.h
  train {{ {how}  objective contrastive_free_energy(through_reconstruction = {through})
  optimizer adam(rate = {rate})  batch 128  epochs {epochs} }}
}}
"""


def trial():
    """10,000 training digits and a few epochs; an SVM with Gaussian kernel on 100 principal
    components of the top features.
    """
    train, test = load("mnist"), load("mnist", "test")
    y, few = train.labels[:10_000], train.values[:10_000]

    def error(x, z):
        whole = PCA(100, random_state=0).fit(x)
        return 100 * (
            1 - SVC(C=5).fit(whole.transform(x), y).score(whole.transform(z), test.labels)
        )

    print(f"pixels: {error(few, test.values):.2f} %", flush=True)
    rows = [
        (1, 1, 0.003, "jointly", "true", 5),
        (255, 1 / 255, 0.003, "jointly", "true", 5),
        (255, 1 / 255, 0.003, "greedily", "false", 3),
        (255, 1 / 255, 0.003, "jointly", "false", 3),
        (1, 1, 0.03, "jointly", "true", 5),
        (255, 1, 0.03, "jointly", "true", 5),
        (255, 1, 0.0001, "jointly", "true", 5),
    ]
    for levels, gain, rate, how, through, epochs in rows:
        x, z = (
            levels * part.reshape(-1, 1, 28, 28).astype(np.float32) for part in (few, test.values)
        )
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "trial.bm").write_text(
                TRIAL.format(N=levels, g=gain, how=how, through=through, rate=rate, epochs=epochs)
            )
            made = bmdsl.load_stack(Path(folder) / "trial.bm").train(x, seed=0)
        features = [made.transform(part) / levels for part in (x, z)]
        print(
            f"N = {levels}, k = {gain:.4g}, rate {rate}, {how}, through {through}, {epochs} epochs:"
            f" {error(*features):.2f} % (features: mean {features[0].mean():.3f}, deviation"
            f" {features[0].std():.3f})",
            flush=True,
        )


def table(name):
    """Features of the top layer of both stacks, of a sparse convolutional layer pooled 2×2, and the
    pixels.
    """
    train, test = load(name), load(name, "test")
    print(
        f"{name}, pixels:"
        f" {support_vectors(train.values, train.labels, test.values, test.labels):.2f} %",
        flush=True,
    )
    for stack in ("binary_levels", "multinary_levels"):
        started = time.monotonic()
        made = bmdsl.load_stack(HERE / "multinary.bm", stack).train(
            name, out=f"runs/{stack}-{name}"
        )
        took = time.monotonic() - started
        scale = 1 if stack == "binary_levels" else 255
        x, z = (
            scale * part.values.reshape(-1, 1, 28, 28).astype(np.float32) for part in (train, test)
        )
        error = np.square(made.reconstruct(z[:2000]) - z[:2000]).mean() / scale**2
        wrong = support_vectors(made.transform(x), train.labels, made.transform(z), test.labels)
        print(
            f"{name}, {stack}: {wrong:.2f} % (trained for {took:.0f} s; mean squared error of"
            f" reconstructions {error:.4f})",
            flush=True,
        )
    sparse(name)


def sparse(name):
    """The same SVM on hidden means of one sparse convolutional layer, averaged over 2×2
    neighbours.
    """
    train, test = load(name), load(name, "test")
    model = bmdsl.load(HERE / "multinary.bm", "sparse")
    started = time.monotonic()
    machine = model.compile(seed=0)
    machine.train(train.values.reshape(-1, 1, 28, 28), out=f"runs/sparse-{name}")
    took = time.monotonic() - started

    def pooled(values):
        parts = (
            machine.conditional("h", v=values[lo : lo + 500].reshape(-1, 1, 28, 28))
            for lo in range(0, len(values), 500)
        )
        return np.concatenate(
            [x.reshape(len(x), -1, 7, 2, 7, 2).mean((3, 5)).reshape(len(x), -1) for x in parts]
        )

    wrong = support_vectors(pooled(train.values), train.labels, pooled(test.values), test.labels)
    print(f"{name}, sparse: {wrong:.2f} % (trained for {took:.0f} s)", flush=True)


def copies(path):
    """Σₙ log(1 + e^{x − oₙ}), N copies with offsets oₙ = f⁻¹(n − ½), less (N/k) log(1 + e^{kx}):
    the error of the paper's eq. 5, nats a unit.
    """
    y = np.linspace(-10, 10, 2001)

    def error(levels, k):
        offsets = logit((np.arange(levels) + 0.5) / levels)
        return np.logaddexp(0, (y[:, None] - offsets) / k).sum(1) - levels / k * np.logaddexp(0, y)

    figure, (one, worst) = plt.subplots(1, 2, figsize=(9, 3.4))
    for k in (1, 0.5, 0.25, 0.07, 0.02):
        one.plot(y, error(255, k), label=f"k = {k:g}")
    one.set(xlabel="k x", ylabel="error of a unit's free energy, nats", title="255 copies")
    one.axhline(0, color="0.8", lw=0.8, zorder=0)
    gains = np.geomspace(0.004, 2, 60)
    for levels in (1, 3, 10, 30, 100, 255):
        worst.loglog(
            gains,
            [np.abs(error(levels, k)).max() / (levels / k * np.log(2)) for k in gains],
            label=f"N = {levels}",
        )
    worst.set(
        xlabel="gain k",
        ylabel="largest error / (N/k) log 2",
        title="by gain and number of copies",
        ylim=(1e-4, 2),
    )
    for place in (one, worst):
        place.legend(fontsize=8, frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    for k in (1, 0.07):
        print(
            f"N = 255, k = {k}: {np.abs(error(255, k)).max():.1f} nats of {255 / k * np.log(2):.0f}"
            " at x = 0"
        )


def colour(path, name="colour", data="colour-patches"):
    """Images, what three convolutional layers and what the whole stack make of them, and samples of
    it. Trained in runs/NAME unless it lies there.
    """
    folder = Path("runs") / name
    stack = (
        bmdsl.open_stack(folder)
        if folder.exists()
        else bmdsl.load_stack(HERE / "multinary.bm", name).train(data, out=folder)
    )
    x = np.moveaxis(
        load(data, *(["test"] if data == "colour-patches" else [])).values[:24].astype(np.float64),
        3,
        1,
    )
    x = 255 * x / (255 if x.max() > 1 else 1)
    three = stack.states(x)["four"]["v"]
    for layer in ("three", "two", "one"):
        three = stack[layer].conditional("v", h=three)
    shown = {
        "images": x,
        "through the three convolutional layers and back": three,
        "through the whole stack and back": stack.reconstruct(x),
        f"samples, {SWEEPS:,} sweeps of the top": stack.sample(24, steps=SWEEPS),
    }
    for what, images in list(shown.items())[1:3]:
        print(
            f"{what}: mean squared error {((images - x) ** 2).mean() / 255**2:.4f}, grey levels"
            " from 0 to 1"
        )
    print(f"of the images' mean: {((x - x.mean(0)) ** 2).mean() / 255**2:.4f}")
    figure, axes = plt.subplots(len(shown), 1, figsize=(9, 7.4))
    for place, (what, images) in zip(axes, shown.items(), strict=True):
        place.imshow(
            np.clip(montage(images / 255, (3, 32, 32), 1.0, 12), 0, 1), interpolation="nearest"
        )
        place.set_axis_off()
        place.set_title(what, fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    {"trial": trial, "table": table, "sparse": sparse, "copies": copies, "colour": colour}[
        sys.argv[1]
    ](*sys.argv[2:])
