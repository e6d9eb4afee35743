"""What ranks read and hold of a folder of shards: `docs/scaling.md` has the numbers.

    mpirun -n 2 python -m tests.bench.streamed_ranks --threads 1

Shards of random cases are made below --place if they are not there. Told are, of every rank, bytes
read in the epochs, the most memory above that before the training, and seconds spent on handing
cases on; and the seconds of the updates.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numba
import numpy as np

import bmdsl
from bmdsl.data.streams.shared_reading import SharedReading
from bmdsl.ranks.world import world
from bmdsl.training import loop
from tests.bench.streamed_training import MODEL, timed


def memory(name: str) -> int:
    """Bytes of this process by the system's name: VmRSS, VmHWM."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(x for x in lines if x.startswith(name)).split()[1])


def bytes_read() -> int:
    """By all calls that read, whether or not the system had the pages."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(next(x for x in lines if x.startswith("rchar")).split()[1])


def write_shards(place: Path, cases: int, count: int = 8) -> None:
    """A folder of `count` files of 784 numbers a case, in single precision."""
    place.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    part = (generator.random((cases // count, 784), dtype=np.float32) < 0.2).astype(np.float32)
    for k in range(count):
        np.save(place / f"{k}.npy", np.roll(part, k, axis=1))


def main() -> None:
    """Prints one line of JSON, on rank 0."""
    options = argparse.ArgumentParser(description=__doc__)
    sizes = {"cases": 120_000, "hidden": 100, "window": 64, "epochs": 2, "threads": 1}
    for name, default in sizes.items():
        options.add_argument(f"--{name}", type=int, default=default)
    options.add_argument("--place", type=Path, default=Path("/tmp/bmdsl-shards"))
    made = options.parse_args()
    numba.set_num_threads(made.threads)
    ranks = world()
    if ranks.leads and not made.place.is_dir():
        write_shards(made.place, made.cases)
    ranks.barrier()
    seconds, at_start = [0.0], [0, 0]
    exchange, carry_out = SharedReading.exchange, loop._Loop._updates

    def measured(self: SharedReading, *given: Any) -> None:
        begun = time.perf_counter()
        exchange(self, *given)
        seconds[0] += time.perf_counter() - begun

    def begun(self: Any, show: Any) -> None:
        at_start[:] = memory("VmRSS"), bytes_read()
        carry_out(self, show)

    SharedReading.exchange = measured  # type: ignore[method-assign]
    loop._Loop._updates = begun  # type: ignore[method-assign]
    machine = bmdsl.parse(MODEL.replace("WINDOW", str(made.window)), D=784, H=made.hidden).compile()
    updates = made.cases // 100 * made.epochs
    spent, _ = timed(machine, str(made.place), updates)
    own = {
        "read_MB": round((bytes_read() - at_start[1]) / 1e6),
        "held_MB": round((memory("VmHWM") - at_start[0]) / 1e6),
        "exchange_s": round(seconds[0], 3),
    }
    told = ranks.all(own)
    if ranks.leads:
        shown = {"ranks": ranks.size, "data_MB": made.cases * 784 * 4 // 10**6}
        shown |= {"epochs": made.epochs, "updates_s": round(spent, 2)}
        print(json.dumps(shown | {n: [x[n] for x in told] for n in own}), flush=True)


if __name__ == "__main__":
    main()
