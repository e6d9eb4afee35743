"""`transform standardize` beside a binary group was said to be wrong data: `-0.57`, which nobody
had written.
"""

from __future__ import annotations

import numpy as np
import pytest

import bmdsl

TEXT = """model m { visible x[2] : gaussian  visible y[2] : binary  param b, c
  energy = - b[i] x[i] - c[i] y[i]
  train { positive exact  negative exact  transform standardize  epochs 1 } }"""
DATA = {"x": np.random.default_rng(0).normal(5, 2, (20, 2)), "y": np.tile(np.eye(2), (10, 1))}


def test_the_transform_is_named_and_the_group_whose_data_it_spoils() -> None:
    m = bmdsl.parse(TEXT).compile(dtype="float64")
    with pytest.raises(bmdsl.BmError) as told:
        m.train(DATA)
    text = str(told.value)
    assert "BM797" in text and "`transform standardize`" in text and "`y`" in text
    assert "`transform(x) standardize` is for these groups alone" in text
    m = bmdsl.parse(TEXT.replace("transform", "transform(x)")).compile(dtype="float64")
    m.train(DATA)
    x = DATA["x"]
    standard = (x - x.mean(0)) / x.std(0)
    np.testing.assert_allclose(m.prepare(DATA)["x"], standard, atol=1e-6)
    np.testing.assert_array_equal(m.prepare(DATA)["y"], DATA["y"])
    both = TEXT.replace("transform standardize", "transform standardize transform(y) none")
    m = bmdsl.parse(both).compile(dtype="float64")
    m.train(DATA)
    np.testing.assert_allclose(m.prepare(DATA)["x"], standard, atol=1e-6)


def test_data_that_are_wrong_before_stay_wrong_data() -> None:
    m = bmdsl.parse(TEXT).compile(dtype="float64")
    with pytest.raises(bmdsl.BmError, match="BM715"):
        m.train({**DATA, "y": DATA["y"] * 7})


def test_one_group_alone_has_its_own_way_out() -> None:
    text = """model m { visible y[2] : binary  param c  energy = - c[i] y[i]
      train { positive exact  negative exact  transform standardize  epochs 1 } }"""
    with pytest.raises(bmdsl.BmError, match="BM797") as told:
        bmdsl.parse(text).compile(dtype="float64").train(DATA["y"])
    assert "states of their units already" in str(told.value)
