"""Couplings of an 8 × 8 ±J lattice from 100,000 samples, by pseudo-likelihood and by PCD. `python
inverse_ising.py OUT.png`.
"""

import sys
import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import bmdsl

LATTICE = (
    "model lattice { visible s[8, 8] : spin  param J, K  energy = - J[x,y] s[x,y] s[wrap(x+1),y] -"
    " K[x,y] s[x,y] s[x,wrap(y+1)] }"
)
FULL = """model full(n = 64) {
  visible s[n] : spin
  param J init 0 symmetric
  param h
  energy = - J[i,j] s[i] s[j] for i < j - h[i] s[i]
  train { PHASES  schedule cosine  batch 1000 }
}"""
PHASES = {
    "pseudo-likelihood": "objective pseudolikelihood  optimizer adam(rate = 0.02)",
    "PCD-2": "negative pcd(steps = 2, chains = 2000)  optimizer adam(rate = 0.01)",
}
CASES = 100_000


def lattice(beta: float) -> tuple[np.ndarray, np.ndarray]:
    """True couplings [64, 64], and independent samples by exact elimination."""
    m = bmdsl.parse(LATTICE).compile(dtype="float64")
    generator = np.random.default_rng(0)
    at, true = np.arange(64).reshape(8, 8), np.zeros((64, 64))
    for axis, name in enumerate(("J", "K")):
        m.params[name] = beta * generator.choice([-1.0, 1.0], (8, 8))
        true[at, np.roll(at, -1, axis)] = true[np.roll(at, -1, axis), at] = m.params[name]
    return true, m.exact_sample(CASES)["s"].reshape(CASES, 64).astype(np.float32)


def main(path: str) -> None:
    """Trains on samples at three temperatures; draws found couplings against true ones."""
    figure, axes = plt.subplots(1, 3, figsize=(9, 3.1))
    pairs = np.triu_indices(64, 1)
    for panel, (beta, epochs) in zip(axes, ((0.3, 10), (0.5, 10), (0.8, 60)), strict=True):
        true, s = lattice(beta)
        for (name, phases), colour in zip(PHASES.items(), ("0.15", "tab:orange"), strict=True):
            m = bmdsl.parse(FULL.replace("PHASES", phases)).compile()
            begun = time.perf_counter()
            m.train(s, epochs=epochs)
            found, wanted = m.params["J"][pairs], true[pairs]
            error = np.sqrt(((found - wanted) ** 2).sum() / (wanted**2).sum())
            spread = np.sqrt(((found - wanted) ** 2).mean())
            gap = np.abs(found[wanted != 0]).min() - np.abs(found[wanted == 0]).max()
            print(
                f"beta {beta}, {name}: error {error:.4f}, root mean square {spread:.4f}, gap"
                f" {gap:.3f}, {time.perf_counter() - begun:.1f} s"
            )
            panel.plot(
                wanted + (0.012 if name == "PCD-2" else -0.012),
                found,
                ".",
                ms=2.5,
                color=colour,
                label=f"{name}: {error:.3f}",
            )
        panel.plot([-beta, beta], [-beta, beta], color="0.6", lw=0.8, zorder=0)
        panel.set(title=f"beta {beta}", xlabel="true coupling", xticks=[-beta, 0, beta])
        panel.legend(frameon=False, fontsize=7, title="error", title_fontsize=7)
        panel.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("coupling found")
    figure.tight_layout()
    figure.savefig(path, dpi=160)


if __name__ == "__main__":
    main(sys.argv[1])
