"""Pictures show values in the data's own units, where what was done to the data can be undone."""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.registry import discover
from bmdsl.report import plots
from bmdsl.report.subject import Subject

TEXT = """model m(D = 16, H = 2) {
  visible v[D] : gaussian(sigma = 1)   hidden h[H] : binary
  param W init normal(0, 0.01)   param b init 0   param c init 0
  energy = - W[i,j] v[i] h[j] - b[i] v[i] - c[j] h[j]
  train { transform standardize  positive exact  negative cd  optimizer sgd(rate = 0.01)
  batch 100  epochs 1 }
}"""


@pytest.mark.parametrize("word", ["reconstructions", "samples", "chains"])
def test_grey_levels_around_a_thousand_are_shown_there(word, tmp_path, monkeypatch):
    shown: list[np.ndarray] = []
    module = discover("bmdsl.report.pictures")[word]
    for name in {"tiles", "pairs"} & set(vars(module)):
        monkeypatch.setattr(
            module,
            name,
            lambda *given, **_: shown.extend(x for x in given if isinstance(x, np.ndarray)),
        )
    assert callable(plots.tiles)
    x = np.random.default_rng(0).normal(1000, 10, (50, 16))
    machine = bmdsl.parse(TEXT).compile()
    machine.train(x)
    module.draw(
        Subject(
            machine,
            {"v": (4, 4)},
            cases={"v": machine.prepare(x)},
            chains={"v": np.zeros((3, 16)), "h": np.zeros((3, 2))},
        ),
        tmp_path,
    )
    assert shown and all(abs(values.mean() - 1000) < 30 for values in shown)
    if word == "reconstructions":
        np.testing.assert_allclose(shown[0].reshape(-1, 16), x[: len(shown[0])], rtol=1e-5)
