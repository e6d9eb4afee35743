"""`bm eval --rank` put a case with a missing value last, at −inf, and data full of gaps had no
figures.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bmdsl
from bmdsl.tasks import train as fitting
from bmdsl.tasks.eval import evaluate
from bmdsl.tasks.rank import rank


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gaps")
    v = (np.random.default_rng(0).random((20, 4)) < 0.4).astype(float)
    np.save(folder / "v.npy", v)
    model = bmdsl.load("rbm", H=3).bind({"epochs": 2, "batch": 10})
    fitting.start(model, str(folder / "v.npy"), folder / "run", None, "float64")
    return folder / "run"


def naive(machine: bmdsl.Machine, v: np.ndarray) -> np.ndarray:
    """−F of rows with at most one gap: log Σ over it of Π_j (1 + exp(c + v W)) exp(b v)."""
    p, both = machine.params, [np.where(np.isnan(v), x, v) for x in (0.0, 1.0)]
    each = [x @ p["b"] + np.log1p(np.exp(x @ p["W"] + p["c"])).sum(1) for x in both]
    return np.where(np.isnan(v).any(1), np.logaddexp(*each), each[0])


@pytest.mark.parametrize("everywhere", [False, True])
def test_cases_with_gaps_are_ranked_and_counted_by_what_was_seen(
    run: Path, tmp_path: Path, everywhere: bool
) -> None:
    v = np.load(run.parent / "v.npy")
    rows = np.arange(20) if everywhere else np.array([5])
    v[rows, rows % 4] = np.nan
    np.save(tmp_path / "gap.npy", v)
    wanted = naive(bmdsl.open(run), v)
    found = rank(run, str(tmp_path / "gap.npy"), None, 2)
    order = np.argsort(-wanted, kind="stable")
    assert [k for k, _ in found.likely] == list(order[:2])
    np.testing.assert_allclose([x for _, x in found.unlikely], np.sort(wanted)[:2], atol=1e-6)
    assert "missing values" in found.notes[0]
    figures = evaluate(run, str(tmp_path / "gap.npy"))[0]
    assert figures.cases == 20 and figures.free_energy == pytest.approx(-wanted.mean(), abs=1e-6)
    assert figures.note.startswith(f"{len(rows)} case")
