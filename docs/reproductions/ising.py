"""Energy and magnetization of the two-dimensional Ising model beside Onsager's and Yang's
solutions. `python ising.py OUT.png`.
"""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from scipy.special import ellipk

import bmdsl

L, CHAINS, CRITICAL = 64, 32, 0.44068679350977147


def onsager(beta: float) -> float:
    """Energy a spin of the infinite lattice (Onsager 1944)."""
    k = 2 * np.sinh(2 * beta) / np.cosh(2 * beta) ** 2
    return (
        -np.sqrt(2)
        if k > 1 - 1e-12
        else -1
        / np.tanh(2 * beta)
        * (1 + 2 / np.pi * (2 * np.tanh(2 * beta) ** 2 - 1) * ellipk(k * k))
    )


def yang(beta: float) -> float:
    """Magnetization a spin of the infinite lattice (Yang 1952)."""
    return max(0.0, 1 - np.sinh(2 * beta) ** -4) ** 0.125


def main(path: str) -> None:
    """Chains at 13 temperatures, from an ordered start below the critical one; a line each, and two
    panels.
    """
    machine = bmdsl.load("ising", L=L, J=1).compile(seed=0)
    betas = np.array([0.2, 0.25, 0.3, 0.35, 0.38, 0.41, CRITICAL, 0.46, 0.48, 0.5, 0.55, 0.6, 0.7])
    rows = []
    for beta in betas:
        start = {"s": np.ones((CHAINS, L, L))} if beta > CRITICAL - 1e-3 else None
        trace = machine.observe(
            "energy",
            "abs_magnetization",
            n=CHAINS,
            draws=500,
            thin=8,
            burn_in=2000,
            beta=beta,
            init=start,
        )
        energy, m = trace.summary()
        rows.append((energy.mean / L**2, energy.error / L**2, m.mean, m.error))
        print(
            f"beta {beta:.4f}: u = {rows[-1][0]:.5f} ± {rows[-1][1]:.5f}, Onsager"
            f" {onsager(beta):.5f}; |m| = {m.mean:.4f} ± {m.error:.4f}, Yang {yang(beta):.4f}; τ ="
            f" {m.autocorrelation:.0f} sweeps",
            flush=True,
        )
    found = np.array(rows)
    fine = np.linspace(0.2, 0.7, 500)
    figure, axes = plt.subplots(1, 2, figsize=(8, 3))
    for panel, column, exact, label in (
        (axes[0], 0, onsager, "energy a spin"),
        (axes[1], 2, yang, "|magnetization|"),
    ):
        panel.plot(
            fine, [exact(b) for b in fine], color="0.6", lw=1, label="infinite lattice, exact"
        )
        panel.errorbar(
            betas,
            found[:, column],
            found[:, column + 1],
            fmt="o",
            ms=3.5,
            color="0.1",
            label=f"{L} × {L}, {CHAINS} chains",
        )
        panel.axvline(CRITICAL, color="0.8", lw=0.8, zorder=0)
        panel.set(xlabel="beta", ylabel=label)
        panel.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=160)


if __name__ == "__main__":
    main(sys.argv[1])
