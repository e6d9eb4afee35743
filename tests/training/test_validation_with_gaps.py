"""Validation cases with missing values: scores of what was seen where exact, else of
whole cases.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl.training.loop import train

SMALL = (
    "model m { visible v[4] : binary  hidden h[2] : binary  param W, b  energy = - W[i,j] v[i] h[j]"
    " - b[i] v[i] }"
)
WIDE = SMALL.replace("v[4]", "v[30]").replace("h[2]", "h[20]")
LATTICE = (
    "model m { visible s[6] : binary  param J, b  energy = - J s[i] s[wrap(i+1)] - b[i] s[i] }"
)


def gaps(d: int, holes: int, whole: int = 0, n: int = 30) -> np.ndarray:
    """Binary cases, each with `holes` missing entries but for the first ones, which are whole."""
    rng = np.random.default_rng(0)
    v = (rng.random((n, d)) < 0.5).astype(float)
    for row in range(whole, n):
        v[row, rng.choice(d, holes, replace=False)] = np.nan
    return v


def trained(text: str, training: np.ndarray, held: np.ndarray, **settings: Any) -> Any:
    m = (
        bmdsl.parse(text)
        .bind({"positive": "meanfield", "epochs": 2, "batch": 10, **settings})
        .compile(dtype="float64", backend="reference")
    )
    group = m.visible[0]
    return m, train(m, {group: training}, m.model.training, validation={group: held})


def minus_f(m: Any, v: np.ndarray) -> np.ndarray:
    """log Σ over one missing unit of every row of Π_j (1 + exp(v W)) exp(b v)."""
    each = [np.where(np.isnan(v), x, v) for x in (0.0, 1.0)]
    f = [x @ m.params["b"] + np.log1p(np.exp(x @ m.params["W"])).sum(1) for x in each]
    return np.where(np.isnan(v).any(1), np.logaddexp(*f), f[0])


def test_likelihoods_are_those_of_what_was_seen() -> None:
    v = gaps(4, 1, whole=5)
    m, run = trained(SMALL, v, v, negative="exact")
    states = np.array(list(np.ndindex(2, 2, 2, 2)), float)
    log_z = np.logaddexp.reduce(minus_f(m, states))
    best = run.best_score
    assert run.metrics[run.best_update // 3 - 1]["validation"] == best
    assert best == pytest.approx(
        log_z - minus_f(m, v).mean(), abs=1e-9
    )  # it has the best parameters
    assert run.notes == [
        "monitors look at the 5 of 30 training cases that have no missing values",
        "25 validation cases have missing values: the score is of what was seen",
    ]


def test_reconstructions_are_judged_by_what_was_seen() -> None:
    v = gaps(4, 1)
    m, run = trained(SMALL, v, v)
    both = [np.where(np.isnan(v), x, v) for x in (0.0, 1.0)]
    w = np.stack([minus_f(m, x) for x in both])
    p = np.exp(w - np.logaddexp.reduce(w))
    h = sum(q[:, None] / (1 + np.exp(-x @ m.params["W"])) for q, x in zip(p, both, strict=True))
    again = 1 / (1 + np.exp(-h @ m.params["W"].T - m.params["b"]))
    wanted = np.nanmean((again - v) ** 2, axis=1).mean()
    assert run.best_score == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("negative", ["pcd", "cd"])
def test_what_cannot_be_summed_out_leaves_whole_cases_and_it_is_said(negative: str) -> None:
    v = gaps(30, 20, whole=4)
    m, run = trained(WIDE, v, v, negative=negative)
    again = m.reconstruct(v[:4])
    assert run.best_score == pytest.approx(((again - v[:4]) ** 2).mean())
    assert "those of 4 cases without gaps" in run.notes[-1] and "26 validation" in run.notes[-1]


def test_units_whose_neighbours_were_not_seen_are_not_reconstructed() -> None:
    v = gaps(6, 1, whole=4)
    m, run = trained(LATTICE, v[:4], v)
    assert run.best_score == pytest.approx(((m.reconstruct(v[:4]) - v[:4]) ** 2).mean())
    assert "4 cases without gaps" in run.notes[-1]


def test_gaps_that_are_too_many_to_sum_out_are_judged_by_mean_field() -> None:
    """A gap in every case, of a model of many hidden units: a training is no error."""
    v = gaps(30, 20)
    m, run = trained(WIDE, v, v)
    again = m.reconstruct(v)
    wanted = np.nanmean((again - v) ** 2, axis=1).mean()
    assert run.best_score == pytest.approx(wanted)
    assert "mean field" in run.notes[-1] and "30 validation" in run.notes[-1]


def test_no_case_that_can_be_judged_is_an_error() -> None:
    v = gaps(6, 1)
    with pytest.raises(bmdsl.BmError, match="BM751.*validation"):
        trained(LATTICE, v, v)


def test_patience_and_validate_split_cases_with_gaps() -> None:
    m = bmdsl.parse(SMALL).compile(dtype="float64", backend="reference")
    run = m.train(
        gaps(4, 1, n=40), validate=0.25, patience=1, epochs=4, batch=10, positive="meanfield"
    )
    assert run.best_score is not None and "10 validation cases" in run.notes[-1]
