"""The figures and the likelihood that `bm eval` prints of a model with given groups are log P(v |
x).
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl
from bmdsl.inference import conditional_likelihood, likelihood
from bmdsl.tasks import eval as evaluation
from tests import naive

TEXT = """model m { given x[2] : binomial(2)  visible v[2] : binary  hidden h[2] : binary
  param W, A
  energy = - W[i,j] v[i] h[j] - A[k,i] x[k] v[i] }"""


def test_figures_and_likelihood(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = bmdsl.parse(TEXT).compile(dtype="float64", backend="reference")
    machine.params["W"], machine.params["A"] = [[0.4, -1.2], [0.8, 0.3]], [[1.1, -0.6], [0.2, 0.9]]
    data = {
        "x": np.array([[0.0, 2.0], [1.0, 1.0], [0.0, 2.0]]),
        "v": np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]),
    }
    expected = naive.log_likelihood_given(machine.model, machine.params, data)
    assert evaluation.figures(machine, data, "data").log_likelihood == pytest.approx(
        expected.mean()
    )

    found = likelihood.measure(machine, [("data", data)], 40, 10)
    assert found.as_dict()["exact"]
    assert found.rows()[-1] == (
        "log P(v | x)",
        f"{expected.mean():.2f} ± {expected.std(ddof=1) / 3**0.5:.2f}",
    )

    monkeypatch.setattr(conditional_likelihood, "_exact", lambda *_: None)
    by_ais = likelihood.measure(machine, [("data", data)], 60, 20)
    part = by_ais.as_dict()["parts"][0]
    assert part["given_values"] == 2 and part["chains"] == 30
    assert part["log_likelihood"] == pytest.approx(expected.mean(), abs=0.2)
    assert [row[0] for row in by_ais.rows()] == [
        "",
        "cases",
        "log P(v | x), AIS",
        "log P(v | x), reverse AIS",
    ]
