"""`log1p(sum[j] square(…))` was that of one square, `log1p(x[0] square(…))` lost its unit."""

from __future__ import annotations

import pytest

import bmdsl


@pytest.mark.parametrize("argument", ["sum[j] square(W[i,j] x[i])", "x[0] square(W[i,j] x[i])"])
def test_it_is_refused(argument: str):
    with pytest.raises(bmdsl.BmError, match="BM313"):
        bmdsl.parse(
            f"model m {{ visible x[3] : gaussian  param W[3,2]  energy = + log1p({argument}) }}"
        )
