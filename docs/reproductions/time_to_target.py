"""Max-cut of Gset graphs: how long annealing and parallel tempering take to find the best cut known
with 99 %, beside dwave-samplers.

`python time_to_target.py GSET_EDGES.npz [GRAPH ...]`.

A cooling of so many sweeps ends at the target with probability p, in t seconds of processor time: p
is the share of many coolings, and the time to target t log(0.01) / log(1 − p) at the best number of
sweeps (Rønnow et al. 2014, Science 345, 420). Processor time of all threads: the machine may have
other work.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from max_cut import PUBLISHED, load

import bmdsl

SWEEPS = 100, 300, 1000, 3000
LADDERS, REPLICAS, EXCHANGES = 64, 16, 3000
"""Of parallel tempering: ladders, temperatures of each, and sweeps with exchanges."""
CHAINS, READS = 512, 64
GRAPHS = "G1", "G6", "G11", "G22", "G43", "G48"


def to_target(hits: float, each: float) -> float:
    """Seconds until one of many coolings has hit the target with 99 %, infinite without a hit."""
    if not hits:
        return float("inf")
    return each * max(1.0, np.log(0.01) / np.log(1 - min(hits, 0.99)))


def tempered(machine: bmdsl.Machine, goal: float) -> tuple[float, float, int]:
    """Seconds to the target by parallel tempering at the best length of a run, the share of ladders
    that are there by then, and that length in sweeps.
    """
    machine.anneal(LADDERS, 2, replicas=REPLICAS)  # compiles
    begun = time.process_time()
    found = machine.anneal(LADDERS, EXCHANGES, replicas=REPLICAS)
    sweep = (time.process_time() - begun) / LADDERS / EXCHANGES
    assert found.found is not None
    there = np.sort(found.found[found.energies <= goal + 0.5])
    share = np.arange(1, len(there) + 1) / LADDERS
    times = [to_target(p, sweep * t) for p, t in zip(share, there, strict=True)]
    best = int(np.argmin(times)) if times else 0
    return (times[best], share[best], int(there[best])) if times else (float("inf"), 0.0, EXCHANGES)


def main(source: str, names: tuple[str, ...]) -> None:
    """A line a graph and number of sweeps."""
    from dwave.samplers import SimulatedAnnealingSampler

    graphs = np.load(source)
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            machine, edges = load(graphs[name], Path(folder))
        goal = edges[:, 2].sum() - 2 * PUBLISHED[name]
        machine.anneal(CHAINS, 2)  # compiles
        J = {(int(i) - 1, int(j) - 1): float(w) for i, j, w in edges}
        seconds, share, length = tempered(machine, goal)
        print(f"{name} tempering: p {share:.3f} after {length} sweeps, {seconds:.4f} s", flush=True)
        for sweeps in SWEEPS:
            begun = time.process_time()
            found = machine.anneal(CHAINS, sweeps)
            ours = (time.process_time() - begun) / CHAINS
            hits = float((found.energies <= goal + 0.5).mean())
            begun = time.process_time()
            options = {"num_reads": READS, "num_sweeps": sweeps, "seed": sweeps}
            other = SimulatedAnnealingSampler().sample_ising({}, J, **options)
            theirs = (time.process_time() - begun) / READS
            other_hits = float((other.record.energy <= goal + 0.5).mean())
            print(
                f"{name} {sweeps:5}  bmdsl: p {hits:.3f}, {1e3 * ours:.3f} ms a cooling,"
                f" {to_target(hits, ours):.4f} s   dwave-samplers: p {other_hits:.3f},"
                f" {1e3 * theirs:.2f} ms, {to_target(other_hits, theirs):.3f} s",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1], tuple(sys.argv[2:]) or GRAPHS)
