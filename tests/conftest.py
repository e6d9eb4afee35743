"""Test processes side by side divide the cores among them."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def _divided_cores() -> None:
    """Two pools of threads on the same cores wait for one another."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        import numba

        from bmdsl.runtime.threads import prefer_openmp

        prefer_openmp()
        numba.set_num_threads(max(1, numba.config.NUMBA_NUM_THREADS // workers))
