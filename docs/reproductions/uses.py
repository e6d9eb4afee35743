"""What a trained RBM is for: experts beside centroids, noise taken away, missing halves filled in,
a network fine-tuned from its weights.

python uses.py centroids RUN OUT.png | clean RUN OUT.png | tune RUN [SEEDS]
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans

import bmdsl
from bmdsl.data.load import load
from bmdsl.report.plots import montage


def pixels(part, most=None):
    """Thresholded digits and their labels."""
    data = load("mnist", part)
    return (data.values[:most] > 0.5).astype(np.float32), data.labels[:most]


def centroids(run, path):
    """64 of the RBM's experts beside 64 centroids of k-means on the same cases."""
    weights = bmdsl.open(Path(run)).params["W"].T
    shown = weights[np.random.default_rng(0).permutation(len(weights))[:64]]
    means = KMeans(64, n_init=1, random_state=0).fit(pixels("train", 20_000)[0]).cluster_centers_
    figure, axes = plt.subplots(1, 2, figsize=(8, 4.2))
    high = np.percentile(np.abs(shown), 99.5)
    axes[0].imshow(montage(shown, (28, 28), np.nan, 8), cmap="RdBu_r", vmin=-high, vmax=high)
    axes[0].set_title("64 experts: what each adds to log P(v)", fontsize=9)
    axes[1].imshow(montage(means, (28, 28), 0.5, 8), cmap="gray")
    axes[1].set_title("64 centroids of k-means: one for a case", fontsize=9)
    for place in axes:
        place.set_axis_off()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def clean(run, path):
    """A tenth of the pixels flipped and taken back; the lower half left out and filled in.

    Mean squared errors on 500 test cases.
    """
    machine = bmdsl.open(Path(run))
    x = pixels("test", 500)[0]
    generator = np.random.default_rng(0)
    noisy = np.abs(x - (generator.random(x.shape) < 0.1))
    back = machine.denoise(noisy, noise=0.1, steps=200)
    hole = np.zeros(784, bool)
    hole[392:] = True
    filled = machine.impute(np.where(hole, 0, x), hole, steps=400)
    wrong = {
        "noisy": noisy,
        "denoised": back,
        "lower half by the mean of all": np.where(hole, x.mean(0), x),
        "lower half filled in": filled,
    }
    for what, y in wrong.items():
        print(f"{what}: mean squared error {((y - x) ** 2).mean():.4f}")
    rows = [x, noisy, back, np.where(hole, 0.5, x), filled]
    names = ["digits", "a tenth flipped", "denoised", "lower half missing", "filled in"]
    figure, axes = plt.subplots(5, 1, figsize=(9, 4.2))
    for place, row, name in zip(axes, rows, names, strict=True):
        place.imshow(montage(row[:16], (28, 28), 0.5, 16), cmap="gray", vmin=0, vmax=1)
        place.set_xticks([])
        place.set_yticks([])
        place.set_ylabel(name, fontsize=8, rotation=0, ha="right", va="center")
        for side in place.spines.values():
            side.set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def tune(run, seeds="3"):
    """A classifier v → h → 10 from the RBM's weights and from random ones, trained end to end on
    1,000 and on 60,000 labels; test errors.
    """
    import torch
    from safetensors.torch import load_file

    torch.set_num_threads(1)
    state = load_file(Path(run) / "network.safetensors")  # as `bm export RUN --to torch` wrote it
    x, y = (torch.from_numpy(a) for a in pixels("train"))
    test, wanted = (torch.from_numpy(a) for a in pixels("test"))
    for count, epochs in ((1_000, 60), (60_000, 12)):
        for start in ("the RBM's weights", "random weights"):
            errors = []
            for seed in range(int(seeds)):
                torch.manual_seed(seed)
                first = torch.nn.Linear(784, len(state["0.bias"]))
                if start == "the RBM's weights":
                    first.load_state_dict({"weight": state["0.weight"], "bias": state["0.bias"]})
                network = torch.nn.Sequential(
                    first, torch.nn.Sigmoid(), torch.nn.Linear(first.out_features, 10)
                )
                optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
                chosen = torch.randperm(len(x))[:count]
                for _ in range(epochs):
                    for rows in chosen[torch.randperm(count)].split(100):
                        optimizer.zero_grad()
                        torch.nn.functional.cross_entropy(network(x[rows]), y[rows]).backward()
                        optimizer.step()
                errors.append(100 * float((network(test).argmax(1) != wanted).float().mean()))
            print(
                f"{count:,} labels, from {start}: {np.mean(errors):.2f} % ("
                + ", ".join(f"{e:.2f}" for e in errors)
                + ")",
                flush=True,
            )


if __name__ == "__main__":
    {"centroids": centroids, "clean": clean, "tune": tune}[sys.argv[1]](*sys.argv[2:])
