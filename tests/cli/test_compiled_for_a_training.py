"""What is compiled when a first model is trained: each function costs a newcomer's first minute."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

CODE = """
import gc, json, sys
from numba.core.registry import CPUDispatcher
from bmdsl.cli.main import status
assert status() == 0
from bmdsl.kernels import table
loops = [
    x.py_func.__name__
    for x in gc.get_objects()
    if isinstance(x, CPUDispatcher) and x.overloads and x.targetoptions.get("parallel")
]
print(json.dumps({"kernels": sorted(table._alive), "loops": sorted(loops)}))
"""
KERNELS = {
    *("lay_columns", "lay_nothing", "lay_rows", "set_backward_laid", "set_forward_laid"),
    *("add_backward", "add_forward", "add_moment", "add_sum", "copy"),
    *("follow_entries", "follow_middle", "mark", "set_backward", "set_forward", "step_sgd"),
    *("add_energies", "add_row_dots", "begin_energies", "centre"),
}
"""Products of states are kernels of their own where the processor has no tiles."""
UNITS = {"_units_draw", "_units_mean", "_units_log_partition"}
LOOPS = {"_share"}
"""Numba's own parallel loops, which take longest to compile."""


def test_training_a_first_model_compiles_no_more_than_this(tmp_path: Path) -> None:
    words = ["train", "rbm", "digits", "--out", str(tmp_path / "run"), "--set", "train.epochs=1"]
    done = subprocess.run(
        [sys.executable, "-c", CODE, *words],
        capture_output=True,
        text=True,
        env=os.environ | {"NUMBA_NUM_THREADS": "2"},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    made = {
        x.removeprefix("bm_").removesuffix("_f").replace("_f_serial", "") for x in found["kernels"]
    }
    kernels = {x.partition("_")[2] for x in made if x.startswith("kernel_")}
    assert {x.replace("_of_states", "") for x in kernels} <= KERNELS
    assert {x.partition("_binary")[2] for x in made if not x.startswith("kernel_")} <= UNITS
    assert set(found["loops"]) <= LOOPS
