"""Whether a sum over ranks is better begun while the chains still move: `docs/scaling.md` has the
numbers.

    mpirun -n 2 python -m tests.bench.overlap --steps 1

An update of an RBM by PCD in its matrix products alone: the positive phase's moments, `steps`
sweeps, the negative phase's moments. Ways to add up over ranks:

- one: the difference of both moments after the negative phase, as the schedule does it;
- early: the positive moments are sent while the chains move (MPI_Iallreduce), which gets on when
  MPI is called, once a sweep; the negative ones after it;
- pieces: the difference in eight pieces, each sent while the next one is computed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np
from mpi4py import MPI
from threadpoolctl import threadpool_limits

PIECES = 8
COMM = MPI.COMM_WORLD


class Update:
    """The arrays of one rank, and an update by each way."""

    def __init__(self, visible: int, hidden: int, rows: int, steps: int) -> None:
        generator = np.random.default_rng(COMM.rank)

        def drawn(*shape: int) -> np.ndarray:
            return generator.random(shape, dtype=np.float32)

        self.steps, self.W = steps, drawn(visible, hidden)
        self.v, self.h = drawn(rows, visible), drawn(rows, hidden)
        self.x, self.y = drawn(rows, visible), drawn(rows, hidden)
        self.positive, self.G = np.empty_like(self.W), np.empty_like(self.W)

    def sweep(self) -> None:
        """Both products of a sweep."""
        np.dot(self.x, self.W, out=self.y)
        np.dot(self.y, self.W.T, out=self.x)
        self.x *= 1 / max(1e-9, float(self.x[0, 0]))

    def alone(self) -> None:
        """Nothing is added up."""
        np.dot(self.v.T, self.h, out=self.positive)
        for _ in range(self.steps):
            self.sweep()
        np.dot(self.x.T, self.y, out=self.G)
        np.subtract(self.positive, self.G, out=self.G)

    def one(self) -> None:
        """One message at the end."""
        self.alone()
        COMM.Allreduce(MPI.IN_PLACE, self.G)

    def early(self) -> None:
        """The positive moments go while the chains move."""
        np.dot(self.v.T, self.h, out=self.positive)
        sent = COMM.Iallreduce(MPI.IN_PLACE, self.positive)
        for _ in range(self.steps):
            self.sweep()
            sent.Test()
        np.dot(self.x.T, self.y, out=self.G)
        sent.Test()
        COMM.Allreduce(MPI.IN_PLACE, self.G)
        sent.Wait()
        np.subtract(self.positive, self.G, out=self.G)

    def pieces(self) -> None:
        """A piece goes while the next one is computed."""
        np.dot(self.v.T, self.h, out=self.positive)
        for _ in range(self.steps):
            self.sweep()
        sent: list[MPI.Request] = []
        for part in np.array_split(np.arange(len(self.W)), PIECES):
            rows = slice(int(part[0]), int(part[-1]) + 1)
            np.dot(self.x.T[rows], self.y, out=self.G[rows])
            np.subtract(self.positive[rows], self.G[rows], out=self.G[rows])
            sent.append(COMM.Iallreduce(MPI.IN_PLACE, self.G[rows]))
            MPI.Request.Testall(sent)
        MPI.Request.Waitall(sent)


def least(work: Callable[[], None], repeats: int) -> float:
    """Seconds of one call: the least of some groups of three."""
    times = []
    for _ in range(repeats):
        COMM.Barrier()
        begun = time.perf_counter()
        for _ in range(3):
            work()
        times.append((time.perf_counter() - begun) / 3)
    return COMM.allreduce(min(times), MPI.MAX)


def main() -> None:
    """Prints one line of JSON, on rank 0."""
    options = argparse.ArgumentParser(description=__doc__)
    sizes = {"visible": 784, "hidden": 500, "batch": 100, "repeats": 12}
    for name, default in sizes.items():
        options.add_argument(f"--{name}", type=int, default=default)
    options.add_argument("--steps", type=int, nargs="+", default=[1, 10])
    made = options.parse_args()
    for steps in made.steps:
        update = Update(made.visible, made.hidden, made.batch // COMM.size, steps)
        with threadpool_limits(1):
            ways = (update.alone, update.one, update.early, update.pieces)
            told = {way.__name__: round(1e3 * least(way, made.repeats), 2) for way in ways}
        if COMM.rank == 0:
            print(json.dumps({"steps": steps, **{f"{n}_ms": t for n, t in told.items()}}))


if __name__ == "__main__":
    main()
