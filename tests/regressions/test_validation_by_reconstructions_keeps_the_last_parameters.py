"""Reconstructions are best long before probabilities: a training that `validate` watches without
`patience` went back to parameters that had hardly learned.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import bmdsl
from bmdsl.training import epoch_ends, loop

TEXT = """model m { visible v[3] : binary  hidden h[2] : binary  param W, b
  energy = - W[i,j] v[i] h[j] - b[i] v[i]
  train { negative cd  batch 5  epochs 9  seed 1  validate 0.3  optimizer sgd(rate = 8) } }"""


def test_the_last_parameters_are_kept_unless_patience_asks_for_the_best(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rising = itertools.count()
    monkeypatch.setattr(epoch_ends, "score", lambda *_: float(next(rising)))  # ever worse
    monkeypatch.setattr(loop, "epochs_between_scores", lambda *_: 1)
    cases = (np.random.default_rng(0).random((30, 3)) < 0.5).astype(float)
    ends = {}
    for patience in (None, 50):
        machine = bmdsl.parse(TEXT).compile(seed=0, backend="reference")
        own = {} if patience is None else {"patience": patience}
        seen: list[np.ndarray] = []
        last = machine.train(
            cases,
            progress=False,
            callbacks=[lambda m, s=seen, k=machine: s.append(k.params["b"].copy()) or False],
            **own,
        )
        ends[patience] = np.array_equal(machine.params["b"], seen[-1]), last
    kept_last, run = ends[None]
    assert run.best_update < run.updates, "the best score is not the last: else this shows nothing"
    assert kept_last and not ends[50][0]
