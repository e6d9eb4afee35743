"""Threads and numba's cache."""

from __future__ import annotations

import os
import subprocess
import sys

CODE = """
from bmdsl.runtime.threads import prefer_openmp
prefer_openmp()
import llvmlite.binding
print(llvmlite.binding.address_of_symbol("allocate_sched") is not None)
"""


def test_the_pool_s_symbols_are_there_before_any_parallel_loop_has_run() -> None:
    """Code that numba loads from its cache asks for them; without them the process ends with `LLVM
    ERROR: Symbol not found: allocate_sched`.
    """
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
    assert done.stdout.strip() == "True", done.stderr


COUNTS = """
import scipy.linalg
from threadpoolctl import threadpool_info
import bmdsl
from bmdsl.runtime.threads import one_pool
def counts():
    return {x["num_threads"] for x in threadpool_info() if x["user_api"] == "blas"}
found = [counts()]
with one_pool():
    with one_pool():
        pass
    found.append(counts())
found.append(counts())
print(found)
"""


def test_one_pool_holds_the_blas_to_one_thread_and_gives_its_threads_back() -> None:
    settings = os.environ | {
        "OPENBLAS_NUM_THREADS": "2",
        "OMP_NUM_THREADS": "2",
        "MKL_NUM_THREADS": "2",
    }
    done = subprocess.run(
        [sys.executable, "-c", COUNTS], capture_output=True, text=True, env=settings
    )
    before, inside, after = eval(done.stdout)
    assert inside == {1} and before == after, done.stderr
