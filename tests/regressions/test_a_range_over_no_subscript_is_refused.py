"""`b[i] v[i] for k in 0..3` was read without its clause: neither summed three times, nor said."""

from __future__ import annotations

import pytest

import bmdsl


def test_a_letter_that_subscripts_nothing():
    with pytest.raises(bmdsl.BmError, match="BM214"):
        bmdsl.parse(
            "model m { visible v[3] : binary  param b  energy = - b[i] v[i] for k in 0..3 }"
        )
