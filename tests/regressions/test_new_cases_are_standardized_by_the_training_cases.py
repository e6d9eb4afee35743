"""A run trained on an array standardized a new file by that file's own mean: −4.25 in place of
−3,812.9 nats a case.
"""

from __future__ import annotations

import numpy as np

import bmdsl
from bmdsl.tasks.eval import evaluate
from bmdsl.tasks.train import start

TEXT = """model m(D, H = 2) {
  visible v[D] : gaussian(sigma = 1)   hidden h[H] : binary
  param W init normal(0, 0.01)   param b init 0   param c init 0
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { transform standardize  positive exact  negative exact  optimizer sgd(rate = 0.01)
  batch 100  epochs 2 }
}"""


def cases(shift: float) -> np.ndarray:
    return np.random.default_rng(0).normal(50, 20, (100, 3)) + shift


def test_a_run_trained_on_an_array_or_on_a_file_gives_a_new_file_the_same_likelihood(tmp_path):
    np.save(tmp_path / "old.npy", cases(0))
    np.save(tmp_path / "new.npy", cases(1000))
    bmdsl.parse(TEXT, D=3).compile(dtype="float64").train(cases(0), out=tmp_path / "array")
    start(bmdsl.parse(TEXT, D=3), str(tmp_path / "old.npy"), tmp_path / "file", None, "float64")
    (tmp_path / "old.npy").unlink()  # the run has all it needs of it
    found = [evaluate(tmp_path / run, str(tmp_path / "new.npy"))[0] for run in ("array", "file")]
    assert found[0].log_likelihood == found[1].log_likelihood
    x = (cases(1000) - cases(0).mean(0)) / cases(0).std(0)
    machine = bmdsl.open(tmp_path / "array")
    np.testing.assert_allclose(found[0].log_likelihood, machine.log_likelihood(x).mean(), rtol=1e-9)
    assert found[0].log_likelihood < -1000
