"""Training on shards beside training on the same cases in memory: time of the updates.

    OMP_NUM_THREADS=1 python -m tests.bench.streamed_training

Each repeat trains both, one after the other, from files that the system holds in memory: what is
measured is the work besides the disk's. `cpu` counts all threads, the reader's too; where a core is
free for the reader, the ratio of times is the one that matters, else that of cpu.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import bmdsl
from bmdsl.training import loop

MODEL = """model rbm(D, H) {
  visible v[D] : binary
  hidden  h[H] : binary
  param W init normal(0, 0.01)
  param b
  param c
  energy = - b[i] v[i] - c[j] h[j] - W[i,j] v[i] h[j]
  train { negative pcd(steps = 1, chains = 100)  batch 100  monitor 0
          streaming always(window = WINDOW) }
}
"""


def timed(machine: Any, data: Any, updates: int, **settings: Any) -> tuple[float, float]:
    """Seconds and CPU seconds of the updates alone."""
    found: list[float] = []
    carry_out = loop._Loop._updates

    def measured(self: Any, show: Any) -> None:
        begun = time.monotonic(), time.process_time()
        carry_out(self, show)
        found.extend((time.monotonic() - begun[0], time.process_time() - begun[1]))

    loop._Loop._updates = measured  # type: ignore[method-assign]
    try:
        machine.train(data, updates=updates, progress=False, **settings)
    finally:
        loop._Loop._updates = carry_out  # type: ignore[method-assign]
    return found[0], found[1]


def main() -> None:
    """The command line."""
    known = argparse.ArgumentParser(description=__doc__)
    known.add_argument("--cases", type=int, default=120_000)
    known.add_argument("--hidden", type=int, default=500)
    known.add_argument("--dtype", default="float32")
    known.add_argument("--window", type=int, default=64, help="MB")
    known.add_argument("--repeats", type=int, default=3)
    known.add_argument("--transform", default="")
    o = known.parse_args()
    text = MODEL.replace("WINDOW", str(o.window))
    settings = {"transform": o.transform} if o.transform else {}
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as place:
        part = (generator.random((o.cases // 4, 784), dtype=np.float32) < 0.2).astype(o.dtype)
        for k in range(4):
            np.save(Path(place) / f"{k}.npy", np.roll(part, k, axis=1))
        whole = np.concatenate([np.load(Path(place) / f"{k}.npy") for k in range(4)])
        model = bmdsl.parse(text, D=784, H=o.hidden)
        updates = o.cases // 100
        times = []
        for _ in range(o.repeats):
            memory = timed(model.compile(), whole, updates, streaming="auto", **settings)
            streamed = timed(model.compile(), place, updates, **settings)
            times.append((*memory, *streamed))
            print(
                "in memory {:.2f} s, cpu {:.2f}; streamed {:.2f} s, cpu {:.2f}".format(*times[-1]),
                flush=True,
            )
    mean = np.mean(times, axis=0)
    each = 1e6 / updates
    print(
        f"an update, means: in memory {mean[0] * each:.0f} µs, streamed {mean[2] * each:.0f} µs;"
        f" speed kept {mean[0] / mean[2]:.3f}, by cpu {mean[1] / mean[3]:.3f}"
    )


if __name__ == "__main__":
    main()
