"""Operands for kinds of op of one-of-K units as codes."""

from __future__ import annotations

import numpy as np

from bmdsl.schedule import code_ops
from bmdsl.schedule.code_ops import room

from .samples import Operands, Random

KEY = {"seed": (3 << 32) + 7, "stream": 5, "update": 2, "step": 11}


def _one_hot(rng: Random, rows: int, units: int, states: int) -> np.ndarray:
    return np.eye(states)[rng.integers(0, states, (rows, units))].reshape(rows, -1)


def _seen(rng: Random, x: np.ndarray, states: int) -> np.ndarray:
    free = rng.random((x.shape[0], x.shape[1] // states, 1)) < 0.7
    return np.where(np.repeat(free, states, axis=2).reshape(x.shape), np.nan, x)


def rows_by_code(rng: Random) -> Operands:
    units, states = 7, int(rng.choice([3, 8, 21]))
    S = rng.normal(size=(units * states,) * 2)
    return {"S": S, "states": states, "C": np.zeros((units, room(units, states)))}


def draw_codes(rng: Random) -> Operands:
    """Rows of one, two and more registers; rows of chains that fill no tile."""
    units, states, rows = 5, int(rng.choice([2, 9, 21, 37])), 53
    x = _one_hot(rng, rows, units, states)
    C = np.zeros((units, room(units, states)))
    code_ops.rows_by_code(rng.normal(size=(units * states,) * 2), states, C)
    return {
        "eta": rng.normal(size=x.shape),
        "states": states,
        "beta": rng.random(rows) + 0.5,
        "C": C,
        "seen": _seen(rng, _one_hot(rng, rows, units, states), states),
        **KEY,
        "steps": 2,
        "first": 3,
        "x": x,
    }


def sweep_codes(rng: Random) -> Operands:
    """Units that meet one another in pairs and triples, and units of another group."""
    units, states, chains, offset = 6, 3, 21, 2
    columns = offset + units * states
    degree = rng.integers(0, 4, units * states)
    start = np.concatenate([[0], np.cumsum(degree)])
    own = np.repeat(np.arange(units * states) // states, degree)
    other = rng.integers(0, columns, len(own))
    other[(other - offset) // states == own] = 0
    more = np.arange(units * states + 1) // 4
    near = rng.integers(0, 2, 2 * more[-1])
    near[::2] = offset + states * ((np.arange(more[-1]) * 4 + 3) // states - 1) % columns
    X = np.concatenate([rng.normal(size=(offset, chains)), _one_hot(rng, chains, units, states).T])
    return {
        "X": X,
        "offset": offset,
        "base": rng.normal(size=units * states),
        "states": states,
        "beta": rng.random(chains) + 0.5,
        "order": rng.permutation(units),
        "start": start,
        "other": other,
        "value": rng.normal(size=len(other)),
        "more": more,
        "more_value": rng.normal(size=more[-1]),
        "more_start": 2 * np.arange(more[-1] + 1),
        "more_other": np.where(near < offset, near, np.maximum(near, offset)),
        "seen": _seen(rng, _one_hot(rng, chains, units, states), states).T.copy(),
        **KEY,
        "steps": 2,
        "first": 45,
    }


def sweep_codes_of_cells(rng: Random) -> Operands:
    """A chain of units: all but the last meet their right neighbour, alone and together with a unit
    of another group; the last one meets the other group alone.
    """
    units, states, chains, offset = 6, 3, 21, 2
    others, entries, cells = list[tuple[int, int]](), list[tuple[int, ...]](), []
    values, most = 0, 2
    for cell, count in enumerate((units - 1, 1)):
        for s in range(states):
            begin = len(entries)
            near = (states, offset + states + s) if cell == 0 else (0, s % offset)
            for with_other in (False, True):
                step = int(rng.choice([0, 1, -1]))
                entries.append((len(others), values, step, *near))
                others += [near, (0, 1)] if with_other else [near]
                values += 2 * count + units
            cells.append((begin, begin + 1, begin + most))
    entries.append((len(others), 0, 0, 0, 0))
    X = np.concatenate([rng.normal(size=(offset, chains)), _one_hot(rng, chains, units, states).T])
    return {
        "X": X,
        "offset": offset,
        "base": rng.normal(size=units * states),
        "states": states,
        "beta": rng.random(chains) + 0.5,
        "order": rng.permutation(units),
        "lengths": np.array([units, most, 2 * most - 1]),
        "cell_of": np.array([0] * (units - 1) + [1]),
        "cells": np.array(cells),
        "entries": np.array(entries),
        "others": np.array(others),
        "ramps": np.array([[2]]),
        "couplings": rng.normal(size=values + 2 * units),
        "seen": _seen(rng, _one_hot(rng, chains, units, states), states).T.copy(),
        **KEY,
        "steps": 2,
        "first": 45,
    }


def _of_cells(rng: Random, *names: str) -> Operands:
    """The same chain, its chains as rows."""
    known = sweep_codes_of_cells(rng)
    structure = ("lengths", "cell_of", "cells", "entries", "others", "ramps")
    return {n: known[n] for n in (*structure, *names, "states")} | {"x": known["X"].T.copy()}


def add_fields_of_cells(rng: Random) -> Operands:
    made = _of_cells(rng, "couplings")
    return made | {"eta": rng.normal(size=(len(made["x"]), 18))}


def add_energies_of_cells(rng: Random) -> Operands:
    made = _of_cells(rng, "couplings", "offset")
    made["X"] = made.pop("x")
    return made | {"out": rng.normal(size=len(made["X"]))}


def add_moments_of_cells(rng: Random) -> Operands:
    made = _of_cells(rng, "couplings", "offset")
    count = len(made.pop("couplings"))
    w = rng.random(len(made["x"]))
    return made | {"w": w, "first": 0, "copies": 1, "parts": rng.normal(size=count)}


def sum_copies(rng: Random) -> Operands:
    return {"parts": rng.normal(size=12), "copies": 3, "scale": 0.3, "out": np.zeros(4)}


SAMPLES = {
    made.__name__: made
    for made in (
        rows_by_code,
        draw_codes,
        sweep_codes,
        sweep_codes_of_cells,
        add_fields_of_cells,
        add_energies_of_cells,
        add_moments_of_cells,
        sum_copies,
    )
}
"""Kind of op → operands by name."""
