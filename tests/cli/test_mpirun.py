"""Two processes that mpirun starts train one model: the parameters of one process; the death of one
ends the job, and one process goes on from its checkpoint.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.runs.run_folder import newest

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.skipif(shutil.which("mpirun") is None, reason="mpirun is not installed"),
    pytest.mark.skipif(importlib.util.find_spec("mpi4py") is None, reason="no package mpi4py"),
]
TEXT = """model m(D = 6, H = 4) { visible v[D] : binary  hidden h[H] : binary
  param W init normal(0, 0.3)  param b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { negative pcd(chains = 5, steps = 2000)  optimizer sgd(rate = 0.05, momentum = 0.5)
    batch 9  epochs 1000000  seed 3  checkpoint 0.3  monitor 0 } }"""
# Many sweeps an update, so that the first checkpoint comes after some thousands of updates at most:
# sums in another order part two trainings at a rate that 30,000 updates of this one would show.
ALLOWED = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
BM = sys.executable, "-c", "from bmdsl.cli.entry import main; main()"
PATIENCE = 90


def of_rank(process: subprocess.Popen[str], rank: int) -> int:
    """The process that is this rank."""
    found = subprocess.run(
        ["pgrep", "-P", str(process.pid)], capture_output=True, text=True
    ).stdout.split()
    for pid in found:
        words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        if f"OMPI_COMM_WORLD_RANK={rank}".encode() in words:
            return int(pid)
    raise AssertionError(f"no rank {rank} among {found}")


def test_two_processes_train_as_one_and_one_goes_on_when_the_other_is_killed(
    tmp_path: Path,
) -> None:
    x = (np.random.default_rng(0).random((25, 6)) < 0.4).astype(float)
    text, data, run = tmp_path / "m.bm", tmp_path / "shards", tmp_path / "run"
    text.write_text(TEXT)
    data.mkdir()
    for k, part in enumerate((x[:10], x[10:])):  # each rank reads one of them
        np.save(data / f"{k}.npy", part)
    start = ["mpirun", "--oversubscribe", "-n", "2", *BM]
    start += ["train", str(text), str(data), "--out", str(run), "--dtype", "float64"]
    process = subprocess.Popen(
        start,
        env={**os.environ, **ALLOWED},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = newest(run)
            if found is not None and found.counters["updates"] > 0:
                break
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
        os.kill(of_rank(process, 1), signal.SIGKILL)
        said, _ = process.communicate(timeout=PATIENCE)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode != 0 and "Traceback" not in said, said
    assert not list(run.glob("*.part*"))
    kept = newest(run)
    assert kept is not None
    updates = kept.counters["updates"]

    def alone(count: int) -> bmdsl.Machine:
        machine = bmdsl.parse(TEXT).bind({"updates": count}).compile(seed=3, dtype="float64")
        machine.train(str(data), progress=False)
        return machine

    for name, p in alone(updates).params.items():
        np.testing.assert_allclose(kept.arrays[f"params/{name}"], p, atol=1e-9, err_msg=name)
    more = subprocess.run(
        [*BM, "resume", str(run), "--json"] + ["--set", f"train.updates={updates + 4}"],
        capture_output=True,
        text=True,
    )
    assert more.returncode == 0, more.stderr
    assert json.loads(more.stdout)["updates"] == updates + 4
    rest = bmdsl.open(run)
    for name, p in alone(updates + 4).params.items():
        np.testing.assert_allclose(rest.params[name], p, atol=1e-9, err_msg=name)
