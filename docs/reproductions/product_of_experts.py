"""Products of experts in the plane: each density beside samples of its machine; and what products
of Student-t experts learn of images.

python product_of_experts.py plane OUT.png
python product_of_experts.py edges OUT.png [FILE ...]
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import PowerNorm

import bmdsl
from bmdsl.data.sets.patches import photographs as photographs_of_sklearn
from bmdsl.data.sets.patches import pieces as cut
from bmdsl.report.plots import montage

SIDE, EXPERTS, RIDGE, UPDATES = 8, 100, 0.05, 5000

GAUSSIANS = """
model gaussians(D = 2, H = 2) {
  visible x[D] : gaussian(sigma = 100)
  param W[D,H], m[H]
  energy = + 0.5 * sum[j] square(W[i,j] x[i] - m[j])
}
"""
MIXTURES = """
model mixtures(D = 2, K = 3) {
  visible x[D] : gaussian(sigma = 100)
  hidden  z[D] : categorical(K)
  param p[D,K], u[D,K], d[D,K]
  energy = + 0.5 p[i,k] x[i]^2 z[i,k] - u[i,k] x[i] z[i,k] - d[i,k] z[i,k]
}
"""
STUDENT = """
model student(D = 2, H = 3) {
  visible x[D] : gaussian(sigma = 100)
  param W[D,H], a[H] init 1.5
  energy = + a[j] log1p(0.5 square(W[i,j] x[i]))
}
"""


def machines():
    """The three examples of the lecture with parameters that show what each can be."""
    one, two, three = (bmdsl.parse(text).compile(seed=0) for text in (GAUSSIANS, MIXTURES, STUDENT))
    one.params["W"], one.params["m"] = [[1.0, 0.9], [-0.4, 1.3]], [0.5, 0.8]
    means, deviations, shares = (
        np.array([[-2.4, 0, 2.0], [-2, 0.4, 2.6]]),
        np.array([[0.5, 0.7, 0.6], [0.7, 0.5, 0.8]]),
        np.array([[0.3, 0.3, 0.4]] * 2),
    )
    two.params["p"], two.params["u"] = deviations**-2, means * deviations**-2
    two.params["d"] = np.log(shares / deviations) - 0.5 * means**2 * deviations**-2
    angles = np.pi * np.arange(3) / 3 + 0.15
    three.params["W"] = 4 * np.stack([np.cos(angles), np.sin(angles)])
    three.params["a"] = np.full(3, 0.8)
    return [
        ("product of Gaussians", one, 4),
        ("product of Gaussian mixtures", two, 6),
        ("product of Student-t", three, 3),
    ]


def plane(path):
    """Density by free energies on a grid, samples by 300 sweeps of 60,000 chains; the largest
    difference of cell probabilities.
    """
    figure, axes = plt.subplots(2, 3, figsize=(9, 6.2))
    for column, (title, machine, far) in zip(axes.T, machines(), strict=True):
        edges = np.linspace(-far, far, 81)
        middle = (edges[1:] + edges[:-1]) / 2
        fine = np.linspace(-3 * far, 3 * far, 481)
        whole = np.stack(np.meshgrid(fine, fine, indexing="ij"), -1).reshape(-1, 2)
        log_z = np.log(np.exp(-machine.free_energy(x=whole)).sum() * (fine[1] - fine[0]) ** 2)
        at = np.stack(np.meshgrid(middle, middle, indexing="ij"), -1).reshape(-1, 2)
        density = np.exp(-machine.free_energy(x=at) - log_z).reshape(80, 80)
        x = machine.sample(60_000, steps=300)["x"]
        drawn = (
            np.histogram2d(x[:, 0], x[:, 1], bins=edges)[0] / len(x) / (edges[1] - edges[0]) ** 2
        )
        error = 0.5 * np.abs(density - drawn).sum() * (edges[1] - edges[0]) ** 2
        print(f"{title}: total variation between density and histogram {error:.3f}", flush=True)
        for place, values, what in ((column[0], density, "density"), (column[1], drawn, "samples")):
            place.imshow(
                values.T,
                origin="lower",
                extent=(-far, far, -far, far),
                cmap="magma",
                norm=PowerNorm(0.5, 0, density.max()),
            )
            place.set_title(f"{title}: {what}", fontsize=9)
            place.tick_params(labelsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def photographs():
    """Grey patches of scikit-learn's two photographs."""
    return pieces([photo.mean(axis=2) / 255 for photo in photographs_of_sklearn()])


def faces(file):
    """Patches of an archive of grey images x [cases, rows, columns], as Olivetti's and Frey's faces
    are kept.
    """
    return pieces(list(np.load(file)["x"] / 255))


def pieces(images):
    """40,000 squares from places drawn evenly over the images, each less its own mean, the three
    tenths that vary least left out: [cases, SIDE * SIDE].
    """
    x = cut(images, 40_000, SIDE, np.random.default_rng(0)).reshape(-1, SIDE * SIDE)
    x -= x.mean(axis=1, keepdims=True)
    return x[x.std(axis=1) > np.percentile(x.std(axis=1), 30)].astype(np.float32)


def edges(path, *files):
    """A product of Student-t experts on whitened patches of the photographs and of each file's
    images.

    An expert's filter w sees whitened patches Σ^(-½) x; the picture has Σ^½ w, the covariance of a
    patch with its projection, each on its own scale, of the 64 where that is largest.
    """
    sets = {"photographs": photographs()} | {Path(f).stem: faces(f) for f in files}
    figure, axes = plt.subplots(1, len(sets), figsize=(3.4 * len(sets), 3.7), squeeze=False)
    for place, (name, x) in zip(axes[0], sets.items(), strict=True):
        model = bmdsl.load("pot", F=EXPERTS, D=SIDE * SIDE).bind(
            {"transform": f"whiten(ridge = {RIDGE})"}
        )
        machine = model.compile(seed=0)
        machine.train(x, out=f"runs/pot-{name}", updates=UPDATES, optimizer="adam(rate = 0.01)")
        spread, turn = np.linalg.eigh(np.cov(x.T))
        shown = ((turn * np.sqrt(spread + RIDGE * spread.mean())) @ turn.T @ machine.params["W"]).T
        tiles = shown[np.argsort(-np.linalg.norm(shown, axis=1))[:64]]
        tiles = tiles / np.abs(tiles).max(axis=1, keepdims=True)
        place.imshow(
            montage(tiles, (SIDE, SIDE), np.nan, 8),
            cmap="RdBu_r",
            vmin=-1,
            vmax=1,
            interpolation="nearest",
        )
        place.set_axis_off()
        place.set_title(f"{name}, {SIDE}×{SIDE}", fontsize=9)
        print(f"{name}: {len(x):,} patches", flush=True)
        figure.tight_layout()
        figure.savefig(path, dpi=130)


if __name__ == "__main__":
    {"plane": plane, "edges": edges}[sys.argv[1]](*sys.argv[2:])
