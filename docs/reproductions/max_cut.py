"""Max-cut of Gset graphs by annealing, beside dwave-samplers in the same time.

`python max_cut.py GSET_EDGES.npz OUT.png [SECONDS]`.

The file holds one array a graph: a row n, m, 0, then i, j, w with i < j counted from 1
(stanford.edu/~yyye/yyye/Gset).
"""

import sys
import tempfile
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import bmdsl

MODEL = """model maxcut(n) {
  graph G = "edges.csv"
  visible s[n] : spin
  param w
  energy = w[i,j] s[i] s[j] for <i,j> in G
}"""
PUBLISHED = {
    "G1": 11624,
    "G6": 2178,
    "G11": 564,
    "G14": 3064,
    "G22": 13359,
    "G32": 1410,
    "G39": 2408,
    "G43": 6660,
    "G48": 6000,
}
"""Best cuts known: Ma & Hao 2017, A multiple search operator heuristic for the max-k-cut problem,
table 2 (k = 2).
"""
CHAINS = 64


def load(rows: np.ndarray, folder: Path) -> tuple[bmdsl.Machine, np.ndarray]:
    """The machine of a graph, and its edges and weights in the machine's order."""
    n, edges = int(rows[0, 0]), rows[1:].astype(int)
    edges = edges[np.lexsort((edges[:, 1], edges[:, 0]))]
    np.savetxt(folder / "edges.csv", edges[:, :2] - 1, fmt="%d", delimiter=",")
    (folder / "maxcut.bm").write_text(MODEL)
    machine = bmdsl.load(folder / "maxcut.bm", n=n).compile(seed=1)
    machine.params["w"] = edges[:, 2]
    return machine, edges


def ours(machine: bmdsl.Machine, seconds: float) -> tuple[float, float]:
    """The best energy of one annealing that takes about so many seconds, and the seconds that it
    took.
    """
    machine.anneal(CHAINS, 2)  # compiles
    probe = machine.anneal(CHAINS, 200)
    begun = time.perf_counter()
    found = machine.anneal(CHAINS, max(200, int(200 * seconds / probe.seconds)))
    return found.energy, time.perf_counter() - begun


def theirs(edges: np.ndarray, seconds: float) -> tuple[float, int]:
    """dwave-samplers' best energy in the same time, its sweeps a read chosen so that 64 reads fit;
    and the sweeps.
    """
    from dwave.samplers import SimulatedAnnealingSampler

    h, J = {}, {(int(i) - 1, int(j) - 1): float(w) for i, j, w in edges}
    sampler = SimulatedAnnealingSampler()
    begun = time.perf_counter()
    sampler.sample_ising(h, J, num_reads=4, num_sweeps=200, seed=1)
    per_sweep = (time.perf_counter() - begun) / 800
    sweeps = max(10, int(seconds / (CHAINS * per_sweep)))
    return (
        float(sampler.sample_ising(h, J, num_reads=CHAINS, num_sweeps=sweeps, seed=2).first.energy),
        sweeps,
    )


def main(source: str, path: str, seconds: float) -> None:
    """A line and a pair of bars a graph: cuts as a share of the best known."""
    shares: dict[str, tuple[float, float]] = {}
    graphs = np.load(source)
    print("graph  nodes  edges  best known  bmdsl  dwave-samplers  seconds")
    for name, best in PUBLISHED.items():
        with tempfile.TemporaryDirectory() as folder:
            machine, edges = load(graphs[name], Path(folder))
            energy, took = ours(machine, seconds)
        other, _ = theirs(edges, took)
        total = edges[:, 2].sum()
        cut, other_cut = (total - energy) / 2, (total - other) / 2
        shares[name] = cut / best, other_cut / best
        print(
            f"{name:5}  {len(machine.sample(1, steps=0)['s'][0]):5}  {len(edges):5}  {best:10} "
            f" {cut:.0f}  {other_cut:14.0f}  {took:.2f}",
            flush=True,
        )
    figure, axes = plt.subplots(figsize=(7, 2.8))
    at = np.arange(len(shares))
    for k, (label, colour) in enumerate((("bmdsl", "0.15"), ("dwave-samplers", "tab:orange"))):
        axes.plot(
            at + 0.1 * (2 * k - 1),
            [100 * s[k] for s in shares.values()],
            "o",
            color=colour,
            ms=5,
            label=label,
        )
    axes.axhline(100, color="0.6", lw=0.8, ls="--")
    axes.set(
        xticks=at,
        xticklabels=list(shares),
        ylabel="cut, % of the best known",
        title=f"annealing for {seconds:g} s",
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=160)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]) if len(sys.argv) > 3 else 5.0)
