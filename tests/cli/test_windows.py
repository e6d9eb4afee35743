"""`bm train` on windows of a series, and `bm eval` of the run on its data and on another series."""

from __future__ import annotations

import json

import numpy as np

import bmdsl
from bmdsl.data.series import windows

from .command import Bm

MODEL = """model ar(D, T) {
  given   past[T, D] : binary
  visible v[D]       : binary
  param A, b
  energy = - A[t,k,i] past[t,k] v[i] - b[i] v[i]
  train { batch 10  epochs 1 }
}
"""


def test_a_run_on_windows(bm: Bm) -> None:
    (bm.folder / "ar.bm").write_text(MODEL)
    generator = np.random.default_rng(0)
    series = [(generator.random((n, 2)) < 0.4).astype(float) for n in (12, 3, 9)]
    np.savez(bm.folder / "three.npz", *series)
    np.save(bm.folder / "one.npy", series[0])
    done = bm("train", "ar.bm", "three.npz windows(3)", "--out", "run")
    assert done.returncode == 0, done.stderr
    machine = bmdsl.open(bm.folder / "run")
    assert machine.program.sizes["past"] == 6
    for arguments, data in (((), series), (("one.npy windows(3)",), series[:1])):
        found = json.loads(bm("eval", "run", *arguments, "--likelihood", "--json").stdout)["parts"][
            0
        ]
        cut = windows(data, 3)
        assert found["cases"] == len(cut["v"]) == sum(max(0, len(s) - 3) for s in data)
        np.testing.assert_allclose(
            found["log_likelihood"], machine.log_likelihood(cut).mean(), rtol=1e-5
        )


def test_other_models_have_no_windows(bm: Bm) -> None:
    done = bm("train", "rbm.bm", "data.npy windows(2)", "--out", "run")
    assert done.returncode == 1 and "BM825" in done.stderr
