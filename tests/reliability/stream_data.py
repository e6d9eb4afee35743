"""Data larger than memory: a training that reads shards as it needs them, under a hard limit on
memory, killed in the middle of an epoch and gone on with.

    python -m tests.reliability.stream_data --gigabytes 20

writes shards of noisy patterns [cases, 784] in float32, trains an RBM on them for one epoch in a
process that may not take more than `--limit` GB, and looks at what it takes every 50 ms. The limit
is that of a control group where one can be made (version 1, as root; it counts the system's copies
of files too, which the system drops where it must), and of private memory (RLIMIT_DATA)
everywhere. A second training of the same
kind is killed by SIGKILL after a random share of the epoch, and resumed: its parameters are to be
those of the first, bit for bit. The shards are removed at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

CASES_A_SHARD, WIDTH = 40_000, 784
MODEL = """model streamed(D) {
  visible v[D] : binary
  hidden  h[HIDDEN] : binary
  param W init normal(0, 0.01)
  param b init logit_mean(v)
  param c
  energy = - b[i] v[i] - c[j] h[j] - W[i,j] v[i] h[j]
  train { negative cd(steps = 1)  batch 500  epochs 1  monitor 0  checkpoint 5
          streaming always(window = WINDOW) }
}
"""


def write_shards(folder: Path, gigabytes: float) -> int:
    """Shards of noisy patterns, sorted by pattern: the hardest order to begin with. The number of
    cases.
    """
    count = max(1, round(gigabytes * 1e9 / (4 * WIDTH * CASES_A_SHARD)))
    generator = np.random.default_rng(0)
    patterns = generator.random((10, WIDTH)) < 0.3
    noise = generator.random((CASES_A_SHARD, WIDTH), dtype=np.float32)
    folder.mkdir()
    for k in range(count):
        rate = np.where(patterns[k * 10 // count], 0.8, 0.1).astype(np.float32)
        np.save(folder / f"part-{k:05d}.npy", (np.roll(noise, 31 * k) < rate).astype(np.float32))
    return count * CASES_A_SHARD


def command(*words: object) -> list[str]:
    """A verb of the command line in a process of its own."""
    return [sys.executable, "-c", "from bmdsl.cli.entry import main; main()", *map(str, words)]


GROUP = Path("/sys/fs/cgroup/memory/bmdsl-stream-data")


def make_group(gigabytes: float) -> bool:
    """A control group of so much memory; False where none can be made."""
    try:
        GROUP.mkdir(exist_ok=True)
        (GROUP / "memory.limit_in_bytes").write_text(str(int(gigabytes * 1e9)))
    except OSError:
        return False
    return True


def limited(gigabytes: float) -> None:
    """Bounds the memory of this process."""
    bound = int(gigabytes * 1e9)
    resource.setrlimit(resource.RLIMIT_DATA, (bound, bound))
    if (GROUP / "memory.limit_in_bytes").exists():
        (GROUP / "cgroup.procs").write_text(str(os.getpid()))


def memory(process: int) -> dict[str, float]:
    """MB that a process has in memory: its peak, and the part that is no file."""
    out = {}
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in ("VmHWM", "RssAnon", "VmRSS"):
            out[name] = int(rest.split()[0]) / 1000
    return out


def watched(
    words: Sequence[str], limit: float, folder: Path, kill_at: float = 0.0, cases: int = 0
) -> dict[str, float]:
    """Runs a command to its end, or kills it when so much of the epoch is kept; its time and the
    most memory that it took, in MB.
    """
    begun, most = time.monotonic(), {"VmHWM": 0.0, "RssAnon": 0.0}
    with subprocess.Popen(words, preexec_fn=lambda: limited(limit)) as child:
        while child.poll() is None:
            try:
                now = memory(child.pid)
            except (OSError, ValueError):
                break
            most = {n: max(x, now.get(n, 0.0)) for n, x in most.items()}
            if kill_at and _updates(folder) * 500 >= kill_at * cases:
                child.send_signal(signal.SIGKILL)
                break
            time.sleep(0.05)
        child.wait()
        if child.returncode not in (0, -signal.SIGKILL):
            raise SystemExit(f"{words[3:]} ended with {child.returncode}")
    return {"seconds": time.monotonic() - begun, **most, "code": child.returncode}


def _updates(folder: Path) -> int:
    """Updates of the last checkpoint whose manifest is there."""
    found = sorted(folder.glob("checkpoints/*.json"))
    try:
        return int(json.loads(found[-1].read_text())["update"]) if found else 0
    except (OSError, ValueError, KeyError):
        return 0


def parameters(folder: Path) -> dict[str, np.ndarray]:
    """Those of a run."""
    from safetensors.numpy import load_file

    return load_file(folder / "params.safetensors")


def study(
    gigabytes: float, limit: float, hidden: int, window: int, place: Path
) -> dict[str, object]:
    """The figures of one study."""
    shards, text = place / "shards", place / "streamed.bm"
    begun = time.monotonic()
    cases = write_shards(shards, gigabytes)
    written = time.monotonic() - begun
    text.write_text(MODEL.replace("HIDDEN", str(hidden)).replace("WINDOW", str(window)))
    size = sum(p.stat().st_size for p in shards.iterdir())
    group = make_group(limit)
    print(f"{size / 1e9:.2f} GB, {cases:,} cases written in {written:.0f} s", flush=True)
    whole, broken = place / "whole", place / "broken"
    one = watched(command("train", text, shards, "--out", whole), limit, whole)
    print(f"whole: {one}", flush=True)
    share = random.Random(1).uniform(0.2, 0.8)
    two = watched(command("train", text, shards, "--out", broken), limit, broken, share, cases)
    kept = _updates(broken)
    print(f"killed: {two} with {kept:,} updates kept", flush=True)
    three = watched(command("resume", broken), limit, broken)
    print(f"resumed: {three}", flush=True)
    first, second = parameters(whole), parameters(broken)
    same = all(np.array_equal(first[n], second[n]) for n in first)
    return {
        "limited by a control group": group,
        "gigabytes": size / 1e9,
        "cases": cases,
        "seconds of an epoch and the reading before it": one["seconds"],
        "peak MB": max(x["VmHWM"] for x in (one, two, three)),
        "peak MB without files": max(x["RssAnon"] for x in (one, two, three)),
        "killed": two["code"] == -signal.SIGKILL,
        "updates kept": kept,
        "same parameters": same,
    }


def main() -> None:
    """The command line."""
    known = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known.add_argument("--gigabytes", type=float, default=20.0)
    known.add_argument("--limit", type=float, default=2.0, help="GB of private memory")
    known.add_argument("--hidden", type=int, default=32)
    known.add_argument("--window", type=int, default=256, help="MB")
    known.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    options = known.parse_args()
    place = Path(tempfile.mkdtemp(prefix="stream_data.", dir=options.folder))
    try:
        found = study(options.gigabytes, options.limit, options.hidden, options.window, place)
    finally:
        shutil.rmtree(place)
        if GROUP.exists():
            GROUP.rmdir()
    print(json.dumps(found, indent=1))
    raise SystemExit(0 if found["same parameters"] and found["killed"] else 1)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
