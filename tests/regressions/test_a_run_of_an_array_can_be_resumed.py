"""A run trained on an array had no way to go on: `bm resume` knew no data, and `train`
began anew.
"""

from __future__ import annotations

import numpy as np

import bmdsl
from bmdsl.tasks.resume import resume

TEXT = """model m(D = 4, H = 2) {
  visible v[D] : binary   hidden h[H] : binary
  param W init normal(0, 0.1)   param b init 0   param c init 0
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { positive exact  negative pcd(chains = 5)  optimizer sgd(rate = 0.1, momentum = 0.5)
  batch 7  epochs 2 }
}"""


def test_it_ends_where_a_longer_run_does(tmp_path):
    x = (np.random.default_rng(0).random((20, 4)) < 0.4).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    whole = bmdsl.parse(TEXT).compile()
    whole.train(x, epochs=4)
    for name in ("python", "file"):
        bmdsl.parse(TEXT).compile().train(x, out=tmp_path / name)
    bmdsl.open(tmp_path / "python").train(x, out=tmp_path / "python", resume=True, epochs=4)
    resume(tmp_path / "file", {"epochs": 4}, str(tmp_path / "x.npy"))
    for name in ("python", "file"):
        np.testing.assert_array_equal(bmdsl.open(tmp_path / name).params["W"], whole.params["W"])
