"""Use of a mixture's components: counted by epoch, and a warning where one takes all."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.language.diagnostics import BmWarning
from bmdsl.language.model import Temperature

MIXTURE = """model m { visible v[6] : binary  hidden z : categorical(4)
  param W init normal(0, 0.1), d
  energy = - W[i,k] v[i] z[k] - d[k] z[k]
  train { positive exact  negative exact  batch 20  epochs 3  optimizer sgd(rate = 0.01) } }"""
DATA = (np.random.default_rng(0).random((60, 6)) < 0.5).astype("float32")


def test_shares_are_the_means_of_the_positive_phase_and_entropy_is_theirs(tmp_path: Path) -> None:
    run = bmdsl.parse(MIXTURE).compile().train(DATA, out=tmp_path / "r")
    for line in run.metrics:
        p = np.array(line["usage_z"])
        assert p.sum() == pytest.approx(1, abs=1e-4)
        assert line["entropy_z"] == pytest.approx(-(p * np.log(p)).sum(), abs=1e-3)
    assert (tmp_path / "r" / "usage_z.png").exists()


def test_one_component_that_takes_all_is_told_once() -> None:
    m = bmdsl.parse(MIXTURE).compile()
    m.params["d"] = [12.0, 0, 0, 0]
    with pytest.warns(BmWarning, match=r"BM762.*state 0 of `z` takes 100 %") as caught:
        m.train(DATA)
    assert len([w for w in caught if issubclass(w.category, BmWarning)]) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error", BmWarning)
        bmdsl.parse(MIXTURE).compile().train(DATA)


def test_a_penalty_keeps_the_use_even() -> None:
    def entropy(rate: float) -> float:
        m = bmdsl.parse(MIXTURE).compile(seed=1)
        m.params["d"] = [2.0, 0, 0, 0]
        run = m.train(
            DATA,
            epochs=40,
            optimizer="sgd(rate = 0.05)",
            penalty=f"sparsity(z, target = 1/4, rate = {rate})",
        )
        return run.metrics[-1]["entropy_z"]

    assert entropy(20) > 1.37 > entropy(0)


def test_a_temperature_goes_from_its_start_to_its_end() -> None:
    t = Temperature("z", 100, 1, "geometric")
    assert [round(t.at(x), 6) for x in (0, 0.5, 1, 2)] == [100, 10, 1, 1]
    assert Temperature("z", 10, 0.5, "linear").at(0.5) == pytest.approx(5.25)
    assert Temperature("z", 7, 7).at(0.3) == 7
