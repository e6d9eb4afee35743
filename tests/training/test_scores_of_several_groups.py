"""What `validate` and `patience` watch is of every visible group, each in its own measure, held
against sums written here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bmdsl
from bmdsl.inference.figures import figures
from bmdsl.inference.reconstruction_errors import spreads, squared_errors
from bmdsl.training.loop import train

TEXT = """model m {
  visible v[3] : binary
  visible s    : categorical(3)
  visible x[2] : gaussian(sigma = 1)
  hidden  h[2] : binary
  param W, U, V, b, d, a
  energy = - W[i,j] v[i] h[j] - U[k,j] s[k] h[j] - V[l,j] x[l] h[j]
           - b[i] v[i] - d[k] s[k] - a[l] x[l]
}"""


@pytest.fixture(scope="module")
def machine() -> Any:
    m = bmdsl.parse(TEXT).compile(dtype="float64", backend="reference")
    rng = np.random.default_rng(3)
    for name, p in m.params.items():
        m.params[name] = rng.normal(0, 0.7, p.shape)
    return m


def cases(n: int = 40) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {
        "v": (rng.random((n, 3)) < [0.2, 0.5, 0.7]).astype(float),
        "s": np.eye(3)[rng.choice(3, n, p=[0.2, 0.5, 0.3])],
        "x": rng.normal([50.0, -3.0], [9.0, 4.0], (n, 2)),
    }


def means(p: Any, data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """E[v | E[h | v]] of whole cases, by the formulas of the three types of units."""
    v, s, x = (data[n] for n in ("v", "s", "x"))
    h = 1 / (1 + np.exp(-(v @ p["W"] + s @ p["U"] + x @ p["V"])))
    back = np.exp(h @ p["U"].T + p["d"])
    return {
        "v": 1 / (1 + np.exp(-(h @ p["W"].T + p["b"]))),
        "s": back / back.sum(1, keepdims=True),
        "x": h @ p["V"].T + p["a"],  # sigma = 1: the precision of x is 1
    }


def wanted(again: dict[str, np.ndarray], data: dict[str, np.ndarray], row: int) -> float:
    """The row's error, unit by unit: three of yes and no, one of three states, two numbers."""
    units = []
    for name, entries in (("v", 1), ("s", 3), ("x", 1)):
        x = data[name]
        seen = ~np.isnan(x)
        variance = np.nansum((x - np.nanmean(x, 0)) ** 2) / seen.sum() or 1.0
        wrong = (again[name][row] - x[row]) ** 2 / variance
        for first in range(0, x.shape[1], entries):
            unit = wrong[first : first + entries]
            if not np.isnan(unit).any():
                units.append(unit.mean())
    return float(np.mean(units))


def test_every_group_counts_by_its_variance(machine: Any) -> None:
    data = cases()
    again = means(machine.params, data)
    found = squared_errors(machine, data, spreads(machine, data))
    assert found[:, 0] == pytest.approx([wanted(again, data, k) for k in range(40)])
    assert found[:, 1].all()
    of_eval = figures(machine, data, "all").reconstruction_error
    assert of_eval == pytest.approx(found[:, 0].mean())


def test_the_measure_is_no_matter_of_units(machine: Any) -> None:
    """Months in place of years: the score of means that follow is the same."""
    data = cases()
    spread = spreads(machine, data)
    months = spreads(machine, data | {"x": data["x"] * 12})
    assert months["x"] == pytest.approx(144 * spread["x"])
    assert {n: months[n] for n in "vs"} == {n: spread[n] for n in "vs"}
    constant = spreads(machine, data | {"v": np.ones((40, 3))})
    assert constant["v"] == 1


def test_patience_watches_a_group_that_is_not_the_first(machine: Any) -> None:
    """Only `x` and `s` have something to learn here: the score falls all the same."""
    data = cases(60)
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 60)
    data["s"], data["x"] = np.eye(3)[y], rng.normal(3 * y[:, None], 1.0, (60, 2))
    data["v"] = np.ones((60, 3))
    m = bmdsl.parse(TEXT).bind(
        {
            "epochs": 30,
            "batch": 20,
            "patience": 30,
            "validate": 0.5,
            "optimizer": "adam(rate = 0.05)",
        }
    )
    m = m.compile(dtype="float64", backend="reference")
    m.params["b"] = np.full(3, 30.0)  # v is known from the start: its error is 0
    run = train(m, data, m.model.training, validation=data)
    scores = [line["validation"] for line in run.metrics if "validation" in line]
    again = means(m.params, data)
    assert scores[-1] == pytest.approx(np.mean([wanted(again, data, k) for k in range(60)]))
    assert scores[-1] < 0.8 * scores[0]


def test_units_that_were_not_seen_count_for_nothing(machine: Any) -> None:
    """Of one hidden case: its first answer, its category and one of its numbers are missing."""
    data = cases()
    data["v"][0, 0], data["s"][0], data["x"][0, 1] = np.nan, np.nan, np.nan
    found = squared_errors(machine, data, spreads(machine, data))
    again = machine.reconstructions(data)
    whole = means(machine.params, {n: x[1:] for n, x in data.items()})
    for name, x in whole.items():
        assert again[name][1:] == pytest.approx(x)
    assert found[0, 0] == pytest.approx(wanted(again, data, 0))


def test_one_group_keeps_its_own_measure() -> None:
    m = bmdsl.parse(
        "model m { visible x[2] : gaussian(sigma = 1)  hidden h : binary  param W"
        "  energy = - W[i] x[i] h }"
    ).compile(dtype="float64", backend="reference")
    x = np.random.default_rng(0).normal(0, 7, (9, 2))
    found = squared_errors(m, {"x": x}, spreads(m, {"x": x}))
    assert found[:, 0] == pytest.approx(((m.reconstruct(x) - x) ** 2).mean(1))
