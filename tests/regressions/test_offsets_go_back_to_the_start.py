"""A training that was stopped in its first epoch went back to its start with the centred gradient's
offsets of later, and was resumed as another one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl.training import epoch_ends

TEXT = """model m { visible v[6] : binary  hidden h[4] : binary  param W init normal(0, 0.1), b, c
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { negative cd()  optimizer sgd(rate = 0.1)  center on  batch 8  monitor 1  epochs 5 } }"""


def test_a_stop_in_the_first_epoch_leaves_no_offsets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = (np.random.default_rng(0).random((40, 6)) < 0.4).astype(np.float32)

    def machine() -> bmdsl.Machine:
        return bmdsl.parse(TEXT).compile(seed=3, backend="reference")

    whole = machine()
    wanted = whole.train(x)

    def stop(*given: Any) -> float:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(epoch_ends, "reconstruction_error", stop)
        run = machine().train(x, out=tmp_path / "run")
    assert run.interrupted and run.updates == 0
    resumed = machine()
    again = resumed.train(x, out=tmp_path / "run", resume=True)
    norms = [[line["gradient_norm"] for line in r.metrics] for r in (wanted, again)]
    np.testing.assert_array_equal(*norms)
    for name, value in whole.params.items():
        np.testing.assert_array_equal(resumed.params[name], value)
