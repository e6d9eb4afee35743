"""Operands for kinds of op whose arguments have to fit one another in a way that their letters do
not tell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Random = np.random.Generator
Operands = dict[str, Any]


def one_hot(rng: Random, rows: int, states: int) -> np.ndarray:
    return np.eye(states)[rng.integers(0, states, rows)]


def runs() -> np.ndarray:
    """Two rows of four sites of a state of 8 columns: row, site, column, length, step."""
    return np.array([[0, 0, 0, 4, 1], [1, 0, 1, 2, 3], [1, 2, 6, 2, 1]])


def convolve(rng: Random) -> Operands:
    x, W, eta = rng.normal(size=(150, 8)), rng.normal(size=(3, 2)), rng.normal(size=(150, 12))
    none = np.zeros((0, 5), np.int64)
    return {
        "x": x,
        "runs_x": runs(),
        "W": W,
        "turned": 0,
        "sites": 4,
        "runs_eta": none,
        "scale": 0.3,
        "eta": eta,
    }


def add_convolved_moment(rng: Random) -> Operands:
    y, x, none = (
        rng.normal(size=(150, 12)),
        rng.normal(size=(150, 8)),
        np.zeros((0, 5), np.int64),
    )
    return {
        "y": y,
        "runs_y": none,
        "x": x,
        "runs_x": runs(),
        "sites": 4,
        "w": rng.random(150),
        "scale": 0.3,
        "out": rng.normal(size=(3, 2)),
    }


def gather_columns(rng: Random) -> Operands:
    return {
        "x": rng.normal(size=(7, 6)),
        "columns": np.array([3, -1, 0, 5, 3]),
        "out": np.zeros((7, 5)),
    }


def scatter_columns(rng: Random) -> Operands:
    return {
        "x": rng.normal(size=(7, 5)),
        "columns": np.array([3, -1, 0, 5, 3]),
        "scale": 0.3,
        "out": rng.normal(size=(7, 6)),
    }


def multiply(rng: Random) -> Operands:
    return {"x": rng.normal(size=(7, 6)), "y": rng.normal(size=(7, 6)), "out": np.zeros((7, 6))}


def add_row_products(rng: Random) -> Operands:
    return {
        "x": rng.normal(size=(7, 6)),
        "y": rng.normal(size=(7, 8)),
        "depth": 2,
        "out": rng.normal(size=(7, 12)),
    }


def sum_columns(rng: Random) -> Operands:
    return {"x": rng.normal(size=(7, 6)), "out": np.zeros(7)}


AXES = np.array([[2, 3], [1, 2]])
"""[3, 2] read as [2, 3]: lengths and strides."""


def permute(rng: Random) -> Operands:
    return {"x": rng.normal(size=6), "axes": AXES, "out": np.zeros(6)}


def add_permuted(rng: Random) -> Operands:
    return {"x": rng.normal(size=6), "axes": AXES, "scale": 0.3, "out": rng.normal(size=6)}


def permute_rows(rng: Random) -> Operands:
    return {"x": rng.normal(size=(7, 6)), "axes": AXES, "out": np.zeros((7, 6))}


def divide(rng: Random) -> Operands:
    return {"x": rng.normal(size=(7, 6)), "by": 3.0}


def set_every_state(rng: Random) -> Operands:
    return {
        "base": rng.normal(size=(7, 5)),
        "extra": rng.normal(size=(3, 5)),
        "out": np.zeros((7, 15)),
    }


def add_log_sums(rng: Random) -> Operands:
    return {"A": rng.normal(size=(7, 5)), "eta": rng.normal(size=(7, 5))}


def add_doubles(rng: Random) -> Operands:
    return {"A": rng.normal(size=7), "total": rng.normal(size=7)}


def pick_states(rng: Random) -> Operands:
    return {"x": rng.normal(size=(7, 15)), "z": one_hot(rng, 7, 3), "out": np.zeros((7, 5))}


def average_states(rng: Random) -> Operands:
    return {"r": rng.random((7, 3)), "m": rng.normal(size=(7, 15)), "mean": np.zeros((7, 5))}


def add_transposed(rng: Random) -> Operands:
    return {"x": rng.normal(size=(7, 5)), "scale": 0.3, "out": rng.normal(size=(5, 7))}


def add_turned(rng: Random) -> Operands:
    return {"x": rng.normal(size=(7, 15)), "states": 3, "out": rng.normal(size=(7, 15))}


def pair_rows(rng: Random) -> Operands:
    return {"x": rng.normal(size=(7, 3)), "y": rng.normal(size=(7, 4)), "out": np.zeros((7, 12))}


def add_rowwise_forward(rng: Random) -> Operands:
    return {
        "y": rng.normal(size=(7, 3)),
        "U": rng.normal(size=(7, 12)),
        "scale": 0.3,
        "eta": rng.normal(size=(7, 4)),
    }


def add_rowwise_backward(rng: Random) -> Operands:
    return {
        "y": rng.normal(size=(7, 3)),
        "U": rng.normal(size=(7, 12)),
        "scale": 0.3,
        "eta": rng.normal(size=(7, 4)),
    }


def add_slices(rng: Random) -> Operands:
    sizes, (target, state) = [4, 3, 5], [(0, 1), (1, 2), (2, 0), (2, 1)][int(rng.integers(4))]
    other = 3 - target - state
    W = rng.normal(size=(4, 15))
    return {
        "x": rng.normal(size=(7, sizes[other])),
        "z": one_hot(rng, 7, sizes[state]),
        "W": W,
        "target": target,
        "state": state,
        "scale": 0.3,
        "eta": rng.normal(size=(7, sizes[target])),
    }


def add_moment_of_slices(rng: Random) -> Operands:
    sizes, state = [4, 3, 5], int(rng.integers(3))
    first, second = (n for k, n in enumerate(sizes) if k != state)
    return {
        "x": rng.normal(size=(7, first)),
        "y": rng.normal(size=(7, second)),
        "z": one_hot(rng, 7, sizes[state]),
        "state": state,
        "scale": 0.3,
        "out": rng.normal(size=(4, 15)),
    }


def draw_together(rng: Random) -> Operands:
    return {
        "mu": rng.random(1),
        "other": rng.random(1),
        "coupling": 0.7,
        "slope": rng.random(1),
        "other_slope": rng.random(1),
    }


def step_norm(rng: Random) -> Operands:
    return {"slope": rng.random(1), "rate": 0.1, "damping": 0.2, "mu": rng.random(1)}


def add_shared_push(rng: Random) -> Operands:
    return {
        "x": rng.random((7, 6)),
        "w": rng.random(7),
        "rate": 0.1,
        "target": 0.2,
        "entries": np.array([0, 0, 1, 1, 2, 2]),
        "g": rng.random(3),
    }


def set_unit_states(rng: Random) -> Operands:
    return {"out": np.ones((7, 3))}


def set_trace(rng: Random) -> Operands:
    return {"M": rng.normal(size=(4, 4)), "trace": np.zeros((1, 1))}


def add_log_sum_of_states(rng: Random) -> Operands:
    return {"eta": rng.normal(size=(5, 3)), "A": rng.normal(size=(5, 3)), "out": rng.random(5)}


SAMPLES: dict[str, Callable[[Random], Operands]] = {
    name: made
    for name, made in list(globals().items())
    if callable(made)
    and getattr(made, "__module__", "") == __name__
    and name not in ("one_hot", "runs")
}
"""Kind of op → operands by name."""
