"""A checkpoint's array of one number used to be spread over a parameter of many."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.training.loop import train
from tests.runs.rewriting import rewrite_checkpoint


def test_a_checkpoint_of_another_shape_is_refused(tmp_path: Path) -> None:
    model = bmdsl.parse("""model m { visible v[2] : binary  param b  energy = - b[i] v[i]
        train { batch 2  epochs 1 } }""")
    data = {"v": np.eye(2)}
    train(model.compile(backend="reference"), data, model.checked.training, tmp_path)
    rewrite_checkpoint(tmp_path, lambda a, m: a.update({"params/b": np.ones(1, "float32")}))
    with pytest.raises(bmdsl.BmError, match="BM757.*"):
        train(
            model.compile(backend="reference"), data, model.checked.training, tmp_path, resume=True
        )
