"""`--threads 99` ran on two cores, though BM820 said that it cannot; a million threads crashed."""

from __future__ import annotations

import os

import pytest

from bmdsl.cli import options
from bmdsl.language.diagnostics import BmError

POOLS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@pytest.mark.parametrize(
    ("count", "told", "fits"),
    [(4, "", True), (5, "", False), (1_000_000, "", False), (8, "8", True), (9, "8", False)],
)
def test_the_cores_bound_threads(
    count: int, told: str, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    for name in POOLS:
        monkeypatch.setenv(name, told)
    if fits:
        assert options._threads(count) == count and os.environ["NUMBA_NUM_THREADS"] == str(count)
        return
    with pytest.raises(BmError, match="BM820"):
        options._threads(count)
    assert os.environ["NUMBA_NUM_THREADS"] == told
