"""Bars and stripes, 4×4, by the exact gradient: writes the learning curve beside the entropy.

`python bars_and_stripes.py OUT.png`.
"""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import bmdsl
from bmdsl.training.loop import train

MODEL = """
model bars(D = 16, H = 12) {
  visible v[D] : binary
  hidden  h[H] : binary
  param W init normal(0, 0.1), b, c
  energy = - b[i] v[i] - c[j] h[j] - W[i,j] v[i] h[j]
  train { positive exact  negative exact  optimizer adam(rate = 0.05)  batch 30  epochs 600 }
}
"""


def bars_and_stripes(n: int) -> np.ndarray:
    """All images whose rows are constant, or whose columns are: 2·2ⁿ − 2 of them."""
    stripes = [np.repeat([[b >> k & 1] for k in range(n)], n, axis=1) for b in range(2**n)]
    return np.array(
        sorted({tuple(x.ravel()) for x in stripes} | {tuple(x.T.ravel()) for x in stripes}),
        np.float32,
    )


def main(path: str) -> None:
    """Trains three machines of different seeds and draws mean log-likelihood against the number of
    updates.
    """
    data = bars_and_stripes(4)
    figure, axes = plt.subplots(figsize=(5, 3))
    for seed in range(3):
        model = bmdsl.parse(MODEL)
        machine = model.compile(seed=seed, dtype="float64")
        curve = [machine.log_likelihood(data).mean()]

        def watch(line: dict, machine=machine, curve=curve) -> None:
            if line["epoch"] % 10 == 0:
                curve.append(machine.log_likelihood(data).mean())

        train(machine, {"v": data}, model.checked.training, on_progress=watch)
        axes.plot(np.arange(len(curve)) * 10, curve, lw=1.2, label=f"seed {seed}: {curve[-1]:.3f}")
        print(
            f"seed {seed}: {curve[-1]:.4f} nats a case, {-np.log(30) - curve[-1]:.4f} from the"
            " entropy"
        )
    axes.axhline(-np.log(30), color="0.4", ls="--", lw=1, label="−log 30 = −3.401")
    axes.set(xlabel="updates", ylabel="log-likelihood (nats a case)", ylim=(-11.5, -3))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "bars-and-stripes.png")
