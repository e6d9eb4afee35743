"""`init` files of NaN, infinite values and dates used to be taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bmdsl

TEXT = 'model m { visible v[2] : binary  param b init "b.npy"  energy = - b[i] v[i] }'


@pytest.mark.parametrize("value", [np.nan, np.inf, np.datetime64("2026-01-01")], ids=str)
def test_a_start_that_is_no_finite_number_is_refused(tmp_path: Path, value: object) -> None:
    np.save(tmp_path / "b.npy", np.full(2, value))
    (tmp_path / "m.bm").write_text(TEXT)
    with pytest.raises(bmdsl.BmError, match="(?s)BM77[03].*`b`.*b.npy"):
        bmdsl.load(tmp_path / "m.bm").compile(backend="reference")
