"""`machine.impute(x, {"v": mask})` filled in every entry, and so did `"nan"`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bmdsl

MASK = np.array([True, False, False])


@pytest.mark.parametrize("mask", [MASK, {"v": MASK}, "nan", None])
def test_known_entries_are_kept_whatever_form_the_mask_has(mask: Any) -> None:
    m = bmdsl.parse(
        "model m { visible v[3] : binary  hidden h : binary  energy = - 2 v[i] h }"
    ).compile(backend="reference")
    v = np.array([[1.0, 0, 1], [0, 1, 0]])
    found = m.impute(v, mask, steps=4)
    np.testing.assert_array_equal(found[:, 1:], v[:, 1:])
    assert (found[:, 0] == v[:, 0]).all() == (mask is None or isinstance(mask, str))
