"""Figures of cases that ranks share are those of one, and each rank looks at its share alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl.inference import shared_cases
from bmdsl.inference.figures import figures
from bmdsl.inference.likelihood import measure
from bmdsl.inference.machine import Machine
from bmdsl.ranks.by_threads import in_threads
from bmdsl.ranks.interface import share
from bmdsl.ranks.world import world
from bmdsl.training.cases import Cases
from bmdsl.training.validation import score

TEXT = """model m { visible v[5] : binary  visible y : categorical(3)  hidden h[3] : binary
  param W init normal(0, 0.3)  param U init normal(0, 0.3)  param b, c
  energy = - W[i,j] v[i] h[j] - U[k,j] y[k] h[j] - b[i] v[i] - c[j] h[j]
  train { negative pcd  optimizer sgd(rate = 0.1)  batch 4  epochs 1  validate 0.2 } }"""


@pytest.fixture(scope="module")
def machine() -> Machine:
    return bmdsl.parse(TEXT).compile(seed=1)


def cases(count: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(4)
    v = (generator.random((count, 5)) < 0.4).astype(np.float32)
    v[1, 2] = v[7] = np.nan
    y = np.eye(3, dtype=np.float32)[generator.integers(0, 3, count)]
    y[4] = np.nan
    return {"v": v, "y": y}


def described(machine: Machine, data: dict[str, np.ndarray], w: np.ndarray) -> tuple[Any, ...]:
    whole = Cases.of(data, w).whole()
    found = measure(machine, [("all", data)], 10, 5, weights=[w])
    return (
        figures(machine, data, "all", w),
        found.as_dict(),
        score(machine, whole, machine.model.training),
    )


@pytest.mark.parametrize(("size", "count"), [(3, 11), (4, 23), (13, 12)])
def test_ranks_find_the_figures_of_one(
    machine: Machine, size: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, w = cases(count), np.arange(1.0, count + 1)
    wanted, likelihood, scored = described(machine, data, w)
    looked = []
    by_chunks = shared_cases.by_chunks

    def counted(function: Any, data: Any, wide: int = 0, part: Any = None) -> Any:
        looked.append(part)
        return by_chunks(function, data, wide, part)

    monkeypatch.setattr(shared_cases, "by_chunks", counted)
    for found, of_all, score_of_all in in_threads(size, lambda: described(machine, data, w)):
        assert (found.cases, found.notes, found.bound) == (wanted.cases, wanted.notes, wanted.bound)
        assert found.class_errors == wanted.class_errors
        for name in ("reconstruction_error", "free_energy", "log_likelihood"):
            assert getattr(found, name) == pytest.approx(getattr(wanted, name), rel=1e-5), name
        for name in ("log_likelihood", "std_error"):
            value = likelihood["parts"][0][name]
            assert of_all["parts"][0][name] == pytest.approx(value, rel=1e-5), name
        assert score_of_all == pytest.approx(scored, rel=1e-5)
    shares = [share(count, k, size) for k in range(size)] if count >= size else [(0, count)]
    assert set(shares) <= set(looked)


def test_what_one_rank_cannot_score_fails_on_all(machine: Machine) -> None:
    def work() -> str:
        def compute(first: int, last: int) -> np.ndarray:
            assert world().alone
            if first == 0:
                raise ValueError("case 0")
            return np.zeros(last - first)

        with pytest.raises(ValueError, match="case 0"):
            shared_cases.shared(compute, 5)
        return "told"

    assert in_threads(3, work) == ["told"] * 3
