"""Threads and numba's cache."""

from __future__ import annotations

import subprocess
import sys

CODE = """
from bmdsl.runtime.threads import prefer_openmp
prefer_openmp()
import llvmlite.binding
print(llvmlite.binding.address_of_symbol("allocate_sched") is not None)
"""


def test_the_pool_s_symbols_are_there_before_any_parallel_loop_has_run() -> None:
    """Code that numba loads from its cache asks for them; without them the process ends with `LLVM ERROR: Symbol not found: allocate_sched`."""
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
    assert done.stdout.strip() == "True", done.stderr
