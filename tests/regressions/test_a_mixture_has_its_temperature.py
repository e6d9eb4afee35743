"""Responsibilities of a one-of-K unit without hidden neighbours are at its temperature, in
training's phases and by `posterior`.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

import bmdsl
from bmdsl.training.batch import Batch
from bmdsl.training.recipe import Recipe

TEXT = """model m { visible v[3] : binary  hidden z : categorical(2)  param W init normal(0, 2)
  energy = - W[i,k] v[i] z[k]  train { temperature z = 5  negative exact  positive WORD } }"""


@pytest.mark.parametrize("word", ["exact", "gibbs(steps = 3)", "meanfield"])
def test_the_positive_phase_is_at_the_temperature(word: str) -> None:
    machine = bmdsl.parse(TEXT.replace("WORD", word)).compile(
        seed=1, dtype="float64", backend="reference"
    )
    v = np.eye(3)
    wanted = softmax(v @ machine.params["W"] / 5, axis=1)
    np.testing.assert_allclose(machine.posterior(v=v)["z"], wanted, atol=1e-12)
    np.testing.assert_allclose(machine.transform(v, "responsibilities"), wanted, atol=1e-6)
    batch = Batch({"v": v}, np.full(3, 1 / 3), 0)
    recipe = Recipe.of(machine, machine.model.training, batch, 1)
    recipe.gradient(batch)
    assert recipe.last is not None
    np.testing.assert_allclose(recipe.last[0].mean("z"), wanted.mean(0), atol=1e-9)
