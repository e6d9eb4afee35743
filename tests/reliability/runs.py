"""Small trainings of every kind, and whether two of them ended the same, bit for bit."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

RBM = """model m(D = 12, H = 6) {
  visible v[D] : binary  hidden h[H] : binary  param W init normal(0, 0.1), b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { positive exact  NEGATIVE  optimizer sgd(rate = 0.01, momentum = 0.5)  batch 7
  monitor 1  updates UPDATES }
}
"""
DEEP = """model m {
  visible v[12] : binary  hidden h1[6] : binary  hidden h2[4] : binary
  layers v -- h1 -- h2
  train { WORDS  positive meanfield()  negative pcd(chains = 10)  batch 20  monitor 1
  updates UPDATES }
}
"""
STACK = """model low(D = 12, H = 5) {
  visible v[D] : binary  hidden h[H] : binary  param W init normal(0, 0.1), b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { positive exact  negative pcd(chains = 10)  batch 20  monitor 1  updates UPDATES }
}
stack s {
  front : low(D = 12, H = 5)
  back : low(D = 5, H = 3) on front.h
  TRAIN
}
"""
GAUSSIAN = """model m {
  visible v[12] : gaussian(sigma = 1)  hidden h[6] : binary  param W init normal(0, 0.1), b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { transform standardize  negative cd()  optimizer adam(rate = 0.001)  center on
  batch 20  monitor 1  updates UPDATES }
}
"""
MIXTURE = """model m {
  visible v[12] : binary  hidden z : categorical(4)  param W init normal(0, 0.1), d
  energy = - W[i,k] v[i] z[k] - d[k] z[k]
  train { negative cd()  penalty sparsity(z, target = 0.25, rate = 0.1)
  schedule cosine(to = 0.1)  batch 7  monitor 1  updates UPDATES }
}
"""
MISSING = RBM.replace("positive exact", "positive gibbs(steps = 2)")


@dataclass(frozen=True)
class Kind:
    """A training: its text, and the data that it is of."""

    name: str
    text: str
    data: str = "x.npy"

    def write(self, folder: Path, updates: int) -> None:
        """The model and its data."""
        (folder / "m.bm").write_text(self.text.replace("UPDATES", str(updates)))
        x = np.random.default_rng(0).random((200, 12))
        np.save(folder / "x.npy", (x < 0.4).astype("float32"))
        np.save(folder / "grey.npy", x.astype("float32"))
        holes = (x < 0.4).astype("float32")
        holes[::3, 2] = np.nan
        np.save(folder / "holes.npy", holes)


def _rbm(name: str, negative: str, text: str = RBM, data: str = "x.npy") -> Kind:
    return Kind(name, text.replace("NEGATIVE", f"negative {negative}"), data)


KINDS = (
    _rbm("cd", "cd(steps = 2)"),
    _rbm("pcd", "pcd(chains = 20)  validate 0.2  center on"),
    _rbm("exact", "exact  validate 0.2  patience 1000"),
    _rbm("fpcd", "fpcd(chains = 20)"),
    _rbm("tempering", "tempering(replicas = 4, chains = 5)"),
    _rbm("trajectory", "trajectory(replicas = 4, chains = 10)"),
    Kind(
        "pseudolikelihood",
        """model m { visible s[12] : binary  param J symmetric, b
      energy = - J[i,j] s[i] s[j] for i < j - b[i] s[i]
      train { objective pseudolikelihood  batch 7  monitor 1
      updates UPDATES } }""",
    ),
    Kind("gaussian", GAUSSIAN, "grey.npy"),
    Kind("mixture", MIXTURE),
    _rbm("missing", "pcd(chains = 20)", MISSING, "holes.npy"),
    Kind("deep", DEEP.replace("WORDS", "")),
    Kind("pretrained", DEEP.replace("WORDS", "pretrain greedy(epochs = 40)")),
    Kind("stack", STACK.replace("TRAIN", "")),
    Kind("joint", STACK.replace("TRAIN", "train { jointly  epochs 60  batch 20  monitor 1 }")),
    Kind(
        "greedily_joint",
        STACK.replace("TRAIN", "train { greedily jointly  epochs 40  batch 20  monitor 1 }"),
    ),
)


def forked(folder: Path, words: Sequence[str], errors: str = "err.txt") -> int:
    """Starts `bm` with these words in a child of this process, which has compiled nothing; its id.
    What it says of errors is in this file of the folder.
    """
    from bmdsl.cli import entry, main  # noqa: F401  # imported once, here

    def work() -> None:
        sys.argv = ["bm", *words]
        entry.main()

    return _child(folder, work, errors)


def forked_plainly(folder: Path, words: Sequence[str]) -> int:
    """The same by the package's functions, `train MODEL DATA --out RUN` or `resume RUN`: without
    what `bm` prints and draws, which takes most of the time of a training this small.

    This process has trained once before, so that children have nothing to import: it has one thread
    as long as OMP_NUM_THREADS is 1.
    """
    import bmdsl

    _trained_once()

    def work() -> None:
        try:
            _carried_out(words)
        except bmdsl.BmError as error:
            print(error, file=sys.stderr)
            raise SystemExit(1) from None
        raise SystemExit(0)

    return _child(folder, work)


@cache
def _trained_once() -> None:
    from bmdsl.report import run_pictures

    run_pictures.write_pictures = lambda *_: ()
    with tempfile.TemporaryDirectory() as place:
        KINDS[0].write(Path(place), 2)
        _carried_out(
            ["train", f"{place}/m.bm", f"{place}/{KINDS[0].data}", "--out", f"{place}/run"]
        )


def _carried_out(words: Sequence[str]) -> None:
    import bmdsl
    from bmdsl.tasks.resume import resume

    if words[0] == "resume":
        resume(Path(words[1]), {})
    else:
        machine = bmdsl.load(words[1]).compile(seed=0)
        machine.train(words[2], words[4], progress=False)


def _child(folder: Path, work: Callable[[], None], errors: str = "err.txt") -> int:
    """Checkpoints come fast: a run of seconds is to have many."""
    from bmdsl.training import keeping

    child = os.fork()
    if child:
        return child
    try:
        keeping.MIN_SECONDS_BETWEEN_CHECKPOINTS, keeping.MIN_TIMES_THEIR_COST = 0.02, 0
        os.chdir(folder)
        for number, name in ((1, "out.txt"), (2, errors)):
            os.dup2(os.open(name, os.O_CREAT | os.O_WRONLY | os.O_TRUNC), number)
        work()
    except SystemExit as done:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(done.code if isinstance(done.code, int) else 1)
    except BaseException:
        traceback.print_exc()
    os._exit(70)


def waited(child: int, seconds: float | None = None, number: int = signal.SIGKILL) -> int:
    """The exit code of a child, negative of a signal; after so many seconds it gets this signal."""
    end = None if seconds is None else time.monotonic() + seconds
    while end is not None and time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    if end is not None:
        os.kill(child, number)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


OF_THE_CLOCK = ("seconds", "run", "sha256", "stack")
"""What differs between two runs of one training."""


def ending(run: Path) -> dict[str, Any]:
    """All that a run computed, by file: arrays as bytes, lines without times, the last checkpoint's
    counters.
    """
    out: dict[str, Any] = {}
    for folder in sorted({run, *(p.parent for p in run.rglob("metrics.jsonl"))}):
        name = str(folder.relative_to(run))
        if (folder / "metrics.jsonl").exists():
            lines = (folder / "metrics.jsonl").read_text().splitlines()
            out[f"{name}/metrics"] = [_timeless(json.loads(x)) for x in lines]
        states = sorted((folder / "checkpoints").glob("[0-9]*.safetensors"))
        if states:
            out[f"{name}/checkpoint"] = dict(_contents(states[-1]))
        if (folder / "params.safetensors").exists():
            out[f"{name}/params"] = dict(_contents(folder / "params.safetensors"))
    return out


def _contents(path: Path) -> Iterator[tuple[str, Any]]:
    with safe_open(path, "numpy") as file:
        for name in file.keys():  # noqa: SIM118
            x = file.get_tensor(name)
            yield name, (str(x.dtype), x.shape, x.tobytes())
        metadata = dict(file.metadata())
    if "counters" in metadata:
        yield "counters", _timeless(json.loads(metadata.pop("counters")))
    yield from _timeless(metadata).items()


def _timeless(facts: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in facts.items() if k not in OF_THE_CLOCK}


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Where two runs differ, in words."""
    out = [f"{n} is in one alone" for n in sorted(set(wanted) ^ set(found))]
    for name in sorted(set(wanted) & set(found)):
        a, b = wanted[name], found[name]
        if isinstance(a, list):
            if len(a) != len(b):
                out.append(f"{name}: {len(b)} lines, not {len(a)}")
            for k, (x, y) in enumerate(zip(a, b, strict=False)):
                keys = [n for n in {**x, **y} if repr(x.get(n)) != repr(y.get(n))]
                if keys:
                    out.append(f"{name}, line {k + 1}: {keys}")
                    break
        else:
            keys = [n for n in sorted({**a, **b}) if repr(a.get(n)) != repr(b.get(n))]
            out += [f"{name}: {keys}"] if keys else []
    return out
