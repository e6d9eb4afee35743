"""Stacks of multinary units (Differentiable multinary RBMs): N = 1 beside N = 255, and a stack on colour images.

    python multinary.py table mnist | fashion-mnist
    python multinary.py colour OUT.png [DATA]
"""

import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.svm import SVC

import bmdsl
from bmdsl.data.load import load
from bmdsl.report.plots import montage

HERE = Path(__file__).parent


def support_vectors(x, y, test, wanted):
    """Test error in per cent of an SVM with Gaussian kernel on 100 principal components, C chosen on the last 10,000 training cases."""
    whole = PCA(100, random_state=0).fit(x[:50_000])
    x, test = whole.transform(x), whole.transform(test)
    scores = {c: SVC(C=c).fit(x[:20_000], y[:20_000]).score(x[50_000:], y[50_000:]) for c in (3, 10)}
    best = max(scores, key=lambda c: scores[c])
    return 100 * (1 - SVC(C=best).fit(x, y).score(test, wanted))


def table(name):
    """Features of the top layer of both stacks, and the pixels."""
    train, test = load(name), load(name, "test")
    print(f"{name}, pixels: {support_vectors(train.values, train.labels, test.values, test.labels):.2f} %", flush=True)
    for stack, levels in (("binary_levels", 1), ("multinary_levels", 255)):
        begun = time.time()
        x, z = (levels * part.values.reshape(-1, 1, 28, 28).astype(np.float32) for part in (train, test))
        made = bmdsl.load_stack(HERE / "multinary.bm", stack).train(x)
        took = time.time() - begun
        error = (((made.reconstruct(z[:1000]) - z[:1000]) / levels) ** 2).mean()
        features = [made.transform(part) / levels for part in (x, z)]
        wrong = support_vectors(features[0], train.labels, features[1], test.labels)
        print(f"{name}, {stack}: {wrong:.2f} % (trained for {took:.0f} s; mean squared error of reconstructions {error:.4f})", flush=True)


def colour(path, data="colour-patches"):
    """Images, their reconstructions through the whole stack, and samples of it."""
    stack = bmdsl.load_stack(HERE / "multinary.bm", "colour").train(data)
    part = "test" if data == "colour-patches" else "train"
    x = np.moveaxis(load(data, part).values[:24].astype(np.float64), 3, 1)
    x = 255 * x / (255 if x.max() > 1 else 1)
    shown = [x, stack.reconstruct(x), stack.sample(24, steps=200)]
    print(f"mean squared error of reconstructions, grey levels from 0 to 1: {((shown[1] - x) ** 2).mean() / 255**2:.4f}; "
          f"of the images' mean: {((x - x.mean(0)) ** 2).mean() / 255**2:.4f}")  # fmt: skip
    figure, axes = plt.subplots(3, 1, figsize=(9, 5.6))
    for place, images, what in zip(axes, shown, ("images", "through the whole stack and back", "samples"), strict=True):
        place.imshow(np.clip(montage(images / 255, (3, 32, 32), 1.0, 12), 0, 1), interpolation="nearest")
        place.set_axis_off()
        place.set_title(what, fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    {"table": table, "colour": colour}[sys.argv[1]](*sys.argv[2:])
