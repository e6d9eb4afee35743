"""Pair correlations of a trained Potts machine's samples against the alignment's.

`python proteins.py FOLDER OUT.png`, FOLDER with the .fasta.gz files.
"""

import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import bmdsl
from bmdsl.data.load import read_file
from bmdsl.training.loop import train

ADAM = {"schedule": "cosine", "optimizer": "adam(rate = 0.01)"}
STUDIES = (
    (
        "WW_domain_MSA",
        "potts",
        {"q": 21},
        ADAM | {"updates": 1500, "negative": "pcd(steps = 5, chains = 1000)"},
    ),
    (
        "WW_domain_MSA",
        "potts_rbm",
        {"q": 21, "H": 50},
        ADAM
        | {
            "updates": 6000,
            "optimizer": "adam(rate = 0.003)",
            "negative": "pcd(steps = 5, chains = 500)",
        },
    ),
    (
        "RF00379",
        "potts",
        {"q": 5},
        ADAM
        | {
            "updates": 1500,
            "optimizer": "adam(rate = 0.005)",
            "negative": "pcd(steps = 10, chains = 1000)",
            "batch": 1000,
            "penalty": "l2(J, 0.0001)",
        },
    ),
    (
        "RF00379",
        "potts_rbm",
        {"q": 5, "H": 150},
        ADAM
        | {
            "updates": 5000,
            "optimizer": "adam(rate = 0.002)",
            "negative": "pcd(steps = 5, chains = 2000)",
            "batch": 1000,
        },
    ),
)
IDENTITY = 0.8
SAMPLES = 20_000


def one_hot(codes: np.ndarray, q: int) -> np.ndarray:
    """[cases, L·q]."""
    return np.eye(q, dtype=np.float32)[codes.astype(int)].reshape(len(codes), -1)


def case_weights(codes: np.ndarray, q: int) -> np.ndarray:
    """1 / number of sequences that agree in at least 80 % of the places, itself among them (Morcos
    et al. 2011).
    """
    x = one_hot(codes, q)
    like = np.concatenate(
        [
            (part @ x.T >= IDENTITY * codes.shape[1] - 1e-3).sum(1)
            for part in np.array_split(x, max(1, len(x) // 500))
        ]
    )
    return 1 / like


def correlations(x: np.ndarray, weights: np.ndarray, places: int, q: int) -> np.ndarray:
    """Connected pair correlations ⟨s_ia s_jb⟩ − ⟨s_ia⟩⟨s_jb⟩ of all i < j, a, b."""
    p = weights / weights.sum()
    mean = p @ x
    both = (x * p[:, None].astype(np.float32)).T @ x - np.outer(mean, mean)
    blocks = both.reshape(places, q, places, q)
    return np.concatenate(
        [blocks[i, :, j].ravel() for i in range(places) for j in range(i + 1, places)]
    )


def main(folder: str, path: str) -> None:
    """Trains both models on both families; a panel each."""
    figure, axes = plt.subplots(1, len(STUDIES), figsize=(3 * len(STUDIES), 3.1))
    for panel, (family, name, sizes, settings) in zip(axes, STUDIES, strict=True):
        q = sizes["q"]
        codes = read_file(str(Path(folder) / f"{family}.fasta.gz"))
        weights = case_weights(codes, q)
        model = bmdsl.load(name, L=codes.shape[1], **sizes).bind(settings)
        machine = model.compile(seed=0)
        begun = time.perf_counter()
        train(
            machine,
            {"s": one_hot(codes, q).reshape(len(codes), -1, q)},
            model.checked.training,
            weights=weights,
        )
        took = time.perf_counter() - begun
        drawn = machine.sample(SAMPLES, steps=300)["s"].reshape(SAMPLES, -1)
        data = correlations(one_hot(codes, q), weights, codes.shape[1], q)
        model_c = correlations(drawn, np.ones(SAMPLES), codes.shape[1], q)
        pearson = np.corrcoef(data, model_c)[0, 1]
        slope = float(data @ model_c / (data @ data))
        print(
            f"{family}, {name}: {len(codes)} sequences, {weights.sum():.0f} effective, Pearson"
            f" {pearson:.4f}, slope {slope:.3f}, {took:.0f} s",
            flush=True,
        )
        panel.hexbin(data, model_c, gridsize=60, bins="log", cmap="viridis", mincnt=1, linewidths=0)
        low, high = data.min(), data.max()
        panel.plot([low, high], [low, high], color="0.5", lw=0.8)
        panel.set_title(f"{family.split('_')[0]}, {name}\nPearson {pearson:.3f}", fontsize=9)
        panel.set_xlabel("alignment", fontsize=8)
        panel.tick_params(labelsize=7)
        panel.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("samples", fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=160)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
