"""`bm eval` put cases that `validate` had held out among the training cases, so that larger models
looked better than they were.
"""

from __future__ import annotations

import numpy as np

import bmdsl
from bmdsl.tasks.eval import evaluate
from bmdsl.tasks.run_cases import last_part

TEXT = """model m(D = 10) {
  visible v[D] : binary
  param b init logit_mean(v)
  energy = - b[i] v[i]
  train { positive exact  negative exact  optimizer sgd(rate = 1e-14)  batch 10  epochs 1
  validate 0.5 }
}"""


def test_eval_has_them_apart_and_infer_has_all_in_order(tmp_path):
    x = np.eye(10)  # a mean of training cases is high in their own columns alone
    np.save(tmp_path / "x.npy", x)
    bmdsl.parse(TEXT).compile(dtype="float64").train(str(tmp_path / "x.npy"), out=tmp_path / "run")
    b = bmdsl.open(tmp_path / "run").params["b"]
    trained = b > b.mean()
    assert trained.sum() == 5
    likelihood = x @ b - np.log1p(np.exp(b)).sum()
    parts = {p.part: p for p in evaluate(tmp_path / "run", None)}
    np.testing.assert_allclose(parts["train"].log_likelihood, likelihood[trained].mean())
    np.testing.assert_allclose(parts["validation"].log_likelihood, likelihood[~trained].mean())
    np.testing.assert_array_equal(last_part(tmp_path / "run", None, None)[2]["v"], x)
    np.testing.assert_array_equal(
        last_part(tmp_path / "run", None, "validation")[2]["v"], x[~trained]
    )
