"""Trainings, samples and estimates by `mpirun` with 1, 2 and 4 processes, held against one process;
a rank that is killed, and one that is told to stop.

    python -m tests.reliability.rank_runs [--ranks 2 4] [--only train sample]

Every line says what was done, by how many ranks, and how far it is from one process's. A study by
hand: it starts some forty processes. `docs/reliability.md` has what came of it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

import bmdsl
from bmdsl.runs.run_folder import newest

MODEL = """model m(D, H = 20) { visible v[D] : binary  hidden h[H] : binary
  param W init normal(0, 0.1)  param b init logit_mean(v)  param c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { negative pcd(chains = 12)  optimizer sgd(rate = 0.05, momentum = 0.5)
    batch 50  epochs 2  seed 3  checkpoint 1  validate 0.1 } }"""
LATTICE = """model lattice(n = 16) { visible s[n, n] : spin  param J[n, n] init normal(0, 0.4)
  energy = - J[x,y] s[x,y] s[wrap(x+1),y] - 0.3 s[x,y] s[x,wrap(y+1)]
  train { negative pcd(chains = 70)  optimizer sgd(rate = 0.05)  batch 50  epochs 1  seed 3 } }"""
LARGE = """model large(n = 256) { visible s[n, n] : spin  param J init 0.3  param b[n, n]
  energy = - J s[x,y] s[wrap(x+1),y] - 0.3 s[x,y] s[x,wrap(y+1)] - b[x,y] s[x,y]
  train { negative pcd(chains = 8, steps = 2)  optimizer sgd(rate = 0.0001)
    batch 10  updates 6  seed 3  monitor 0 } }"""
"""Of so many units that couplings are not listed."""
LONG = ("--set", "train.epochs=1000000")
BM = (sys.executable, "-c", "from bmdsl.cli.entry import main; main()")
ALLOWED = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
PATIENCE = 600


def command(ranks: int, *words: str) -> list[str]:
    """`bm` with these words, in so many processes."""
    start = [] if ranks == 1 else ["mpirun", "--oversubscribe", "-n", str(ranks)]
    return [*start, *BM, *words]


class Study:
    """The folder of one study, and what was found."""

    def __init__(self, folder: Path, ranks: list[int]) -> None:
        self.folder, self.ranks, self.wrong = folder, ranks, 0
        rng = np.random.default_rng(0)
        (folder / "m.bm").write_text(MODEL)
        (folder / "lattice.bm").write_text(LATTICE)
        (folder / "shards").mkdir()
        for k in range(6):
            part = rng.random((300 + 100 * k, 64)) < 0.2
            np.save(folder / "shards" / f"{k}.npy", part.astype(np.float32))
        np.save(folder / "spins.npy", np.where(rng.random((200, 16, 16)) < 0.6, 1.0, -1.0))

    def bm(self, ranks: int, *words: str) -> str:
        """What `bm` prints; says what it complains of."""
        done = subprocess.run(
            command(ranks, *words),
            cwd=self.folder,
            env={**os.environ, **ALLOWED},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        if done.returncode:
            print(f"{ranks} ranks, {' '.join(words)}: exit {done.returncode}\n{done.stderr}")
            self.wrong += 1
        return done.stdout

    def told(self, what: str, ranks: int, far: float, allowed: float) -> None:
        """One line."""
        self.wrong += not far <= allowed
        bits = "the same bits" if far == 0 else f"at most {far:.2g} apart"
        print(f"{'ok   ' if far <= allowed else 'WRONG'} {what}, {ranks} ranks: {bits}", flush=True)

    def params(self, run: str) -> dict[str, np.ndarray]:
        """The parameters of a run."""
        return {n: np.array(x) for n, x in bmdsl.open(self.folder / run).params.items()}

    def train(self) -> None:
        """Trainings of shards and of a lattice, resumed by other numbers of ranks."""
        for ranks in (1, *self.ranks):
            self.bm(ranks, "train", "m.bm", "shards", "--out", f"r{ranks}")
            self.bm(ranks, "train", "lattice.bm", "spins.npy", "--out", f"l{ranks}")
            self.bm(ranks, "train", "m.bm", "shards", "--out", f"b{ranks}", "--ranks", "4")
        for ranks in self.ranks:
            for kind, what, allowed in (
                ("r", "training", 1e-4),
                ("l", "training of a lattice", 1e-4),
                ("b", "training with --ranks 4", 0.0),
            ):
                one, other = self.params(f"{kind}1"), self.params(f"{kind}{ranks}")
                self.told(what, ranks, distance(one, other), allowed)
        last = self.ranks[-1]
        more = ("--set", "train.epochs=3")
        self.bm(1, "resume", "r1", *more)
        self.bm(self.ranks[0], "resume", f"r{last}", *more)
        far = distance(self.params("r1"), self.params(f"r{last}"))
        self.told(f"run of {last} ranks resumed", self.ranks[0], far, 1e-4)
        self.bm(1, "resume", f"r{last}", "--set", "train.epochs=4")

    def large(self) -> None:
        """Trainings of a large lattice."""
        (self.folder / "large.bm").write_text(LARGE)
        spins = np.random.default_rng(1).random((30, 256, 256)) < 0.6
        np.save(self.folder / "many.npy", np.where(spins, 1, -1).astype(np.int8))
        for ranks in (1, *self.ranks):
            self.bm(ranks, "train", "large.bm", "many.npy", "--out", f"c{ranks}")
        for ranks in self.ranks:
            far = distance(self.params("c1"), self.params(f"c{ranks}"))
            self.told("training of a lattice of 65,536 units", ranks, far, 1e-6)

    def estimate(self) -> None:
        """`bm eval` with and without a likelihood."""
        likelihood = ("--likelihood", "--chains", "20", "--steps", "50")
        self.bm(1, "train", "m.bm", "shards", "--out", "e")
        for what, more in (("eval", ()), ("eval by AIS", likelihood)):
            found = {
                n: json.loads(self.bm(n, "eval", "e", "--json", *more)) for n in (1, *self.ranks)
            }
            for ranks in self.ranks:
                far = distance(numbers(found[1]), numbers(found[ranks]))
                self.told(what, ranks, far, 1e-3)

    def sample(self) -> None:
        """Samples, tempering and ground states, of the machine and of lattices."""
        self.bm(1, "train", "m.bm", "shards", "--out", "s")
        self.bm(1, "train", "lattice.bm", "spins.npy", "--out", "sl")
        ladder = ("--beta", "0.2:1:4")
        for what, run, more in (
            ("sample", "s", ("sample", "-n", "16", "--steps", "20")),
            ("tempering", "s", ("sample", "-n", "16", "--steps", "20", *ladder)),
            (
                "sample of 1,100 chains of a lattice",
                "sl",
                ("sample", "-n", "1100", "--steps", "20"),
            ),
            ("tempering of a lattice", "sl", ("sample", "-n", "16", "--steps", "20", *ladder)),
            ("ground", "sl", ("ground", "-n", "16", "--sweeps", "200")),
        ):
            verb, *rest = more
            for n in (1, *self.ranks):
                self.bm(n, verb, run, *rest, "--seed", "1", "--out", f"{n}.npz")
            one = dict(np.load(self.folder / "1.npz"))
            for ranks in self.ranks:
                other = dict(np.load(self.folder / f"{ranks}.npz"))
                self.told(what, ranks, distance(one, other), 0.0)

    def stop(self) -> None:
        """SIGTERM to mpirun, then SIGKILL of one rank; one process goes on with each."""
        for signalled, what in ((signal.SIGTERM, "told to stop"), (signal.SIGKILL, "one killed")):
            ranks, run = self.ranks[-1], f"stop{int(signalled)}"
            words = command(ranks, "train", "m.bm", "shards", "--out", run, *LONG)
            process = subprocess.Popen(
                words,
                cwd=self.folder,
                env={**os.environ, **ALLOWED},
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            until = time.monotonic() + PATIENCE
            while time.monotonic() < until:
                kept = newest(self.folder / run) if (self.folder / run).is_dir() else None
                if kept is not None and kept.counters["updates"] > 0:
                    break
                time.sleep(0.1)
            begun = time.monotonic()
            victim = process.pid if signalled == signal.SIGTERM else of_rank(process.pid, 1)
            os.kill(victim, signalled)
            said, _ = process.communicate(timeout=PATIENCE)
            took = time.monotonic() - begun
            kept = newest(self.folder / run)
            epochs = 0 if kept is None else kept.counters["updates"] // 50
            more = ("--set", f"train.epochs={epochs + 2}", "--json")
            on = json.loads(self.bm(1, "resume", run, *more))["updates"]
            self.wrong += "Traceback" in said or kept is None
            print(
                f"{ranks} ranks, {what}: exit {process.returncode} after {took:.1f} s, checkpoint"
                f" at update {kept and kept.counters['updates']}, one process went on to {on}"
            )


def of_rank(mpirun: int, rank: int) -> int:
    """The process that is this rank."""
    found = subprocess.run(["pgrep", "-P", str(mpirun)], capture_output=True, text=True)
    wanted = f"OMPI_COMM_WORLD_RANK={rank}".encode()
    for pid in found.stdout.split():
        if wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            return int(pid)
    raise LookupError(f"no rank {rank}")


def numbers(tree: object, at: str = "") -> dict[str, np.ndarray]:
    """All numbers of JSON by where they stand, but times."""
    if isinstance(tree, dict):
        parts = [numbers(x, f"{at}/{n}") for n, x in tree.items() if "seconds" not in n]
    elif isinstance(tree, list):
        parts = [numbers(x, f"{at}/{k}") for k, x in enumerate(tree)]
    else:
        plain = isinstance(tree, int | float)
        return {at: np.array(tree, float)} if plain else {}
    return {n: x for part in parts for n, x in part.items()}


def distance(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> float:
    """The largest difference of two sets of arrays; infinite if they are of other names."""
    if set(one) != set(other):
        return float("inf")
    return max((float(np.abs(one[n] - other[n]).max(initial=0)) for n in one), default=0.0)


def main() -> None:
    """Carries the study out; exit code 1 if anything was wrong."""
    kinds = ("train", "large", "estimate", "sample", "stop")
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--ranks", type=int, nargs="+", default=[2, 4])
    options.add_argument("--only", nargs="+", choices=kinds, default=kinds)
    made = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        study = Study(Path(folder), made.ranks)
        for name in made.only:
            work: Callable[[], None] = getattr(study, name)
            work()
    sys.exit(study.wrong > 0)


if __name__ == "__main__":
    main()
