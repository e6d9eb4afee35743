"""`binarize(threshold)` on values of 0 to 255 set nearly all of them to 1, and training went on."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from bmdsl.data.transform import fit
from bmdsl.language.diagnostics import BmError, BmWarning

GREY = np.arange(256.0).reshape(16, 16)


def binarized(x: np.ndarray, **options: float) -> np.ndarray:
    steps = [("binarize", {"how": "threshold", "at": 0.5} | options)]
    return fit(x, steps, np.random.default_rng(0))[1]


def test_values_beyond_one_are_refused_with_the_cure():
    with pytest.raises(BmError, match="BM721") as caught:
        binarized(GREY)
    assert "transform scale, binarize(threshold)" in str(caught.value)


def test_a_threshold_among_the_values_is_taken():
    assert binarized(GREY, at=127.5).mean() == 0.5


def test_a_threshold_that_leaves_nothing_to_learn_is_warned_of():
    with pytest.warns(BmWarning, match="BM722"):
        binarized(GREY, at=0.25)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert binarized(np.eye(400)).sum() == 400  # 0 and 1 already, however few are 1
