"""The search of the Python page, which is text there because Optuna comes with no extra: run as it
is written wherever Optuna is installed.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import bmdsl
from tests.docs.generated import DOCS


def test_the_search_with_optuna_runs_as_it_is_written() -> None:
    pytest.importorskip("optuna").logging.disable_default_handler()
    page = (DOCS / "python.md").read_text(encoding="utf-8")
    (block,) = (x for x in re.findall(r"```text\n(.*?)```", page, re.S) if "create_study" in x)
    v = (np.random.default_rng(0).random((60, 6)) < 0.4).astype(float)
    there: dict[str, Any] = {"model": bmdsl.load("rbm", D=6, H=3), "v": v}
    exec(block.replace("n_trials=20", "n_trials=2"), there)
    assert len(there["study"].trials) == 2 and there["study"].best_value > 0
