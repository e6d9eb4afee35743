"""Operands for kinds of op of experts; three situations each, by the seed."""

from __future__ import annotations

import numpy as np

from bmdsl.schedule.expert_energies import bend_of
from bmdsl.schedule.expert_ops import CODES

Random = np.random.Generator
Operands = dict[str, object]
Chain = tuple[tuple[str, float], ...]
KEY = {"seed": 5, "stream": 4097, "update": 7, "step": 3}
STUDENT: Chain = (("square", 1.0), ("log1p", 0.5))
WALL: Chain = (("square", 1.0), ("square", 0.3))


def situation(rng: Random) -> int:
    """Which of three this seed's is."""
    return int(rng.bit_generator.seed_seq.entropy) % 3  # type: ignore[attr-defined, arg-type]


def table(chains: list[Chain], counts: list[int]) -> Operands:
    """Experts of several terms side by side."""
    longest = max(map(len, chains))
    codes = np.full((len(chains), longest), -1)
    scales = np.ones(codes.shape)
    for t, chain in enumerate(chains):
        for k, (name, scale) in enumerate(chain):
            codes[t, k], scales[t, k] = CODES[name], scale
    begins = np.concatenate([[0], np.cumsum(counts)])
    return {"begins": begins, "functions": codes, "coefficients": scales}


def projected(rng: Random, x: np.ndarray, s: np.ndarray) -> Operands:
    matrix = rng.normal(0, 0.7, (x.shape[1], len(s)))
    return {"x": x, "M": matrix, "u": x @ matrix + rng.normal(size=len(s)), "s": s[None]}


def draw_real_units(rng: Random) -> Operands:
    """By auxiliary variables; by steps with some units held; by steps between walls."""
    rows, size = 9, 5
    x = rng.normal(size=(rows, size))
    chains: list[Chain] = [
        [STUDENT, (("abs", 1.0),), (("softplus", 1.0),), (("square", 1.0),)],
        [STUDENT, (("logcosh", 1.0),)],
        [WALL, (("softplus", 1.0), ("abs", 2.0))],
    ][situation(rng)]
    counts = [3, 2, 4, 2][: len(chains)]
    s = np.concatenate(
        [
            np.full(n, -1.0 if c[0][0] == "softplus" else 1.3)
            for c, n in zip(chains, counts, strict=True)
        ]
    )
    seen = np.zeros((0, 0))
    if situation(rng) == 1:
        seen = np.where(rng.random(x.shape) < 0.3, 0.4, np.nan)
    return {
        **projected(rng, x, s),
        **table(chains, counts),
        "eta": rng.normal(size=x.shape),
        "eta2": -rng.random(x.shape),
        "bends": np.array([bend_of(*zip(*c, strict=True)) for c in chains]),
        "precision": 0.5,
        "walled": int(situation(rng) == 2),
        "beta": np.ones(rows) if situation(rng) == 0 else rng.random(rows),
        "seen": seen,
        **KEY,
        "until": 4 if situation(rng) == 1 else 0,
        "memory": np.array([0.1, -1.0]),
    }


def draw_unit_after_unit(rng: Random) -> Operands:
    """Spins; one-of-three units; counts with some held."""
    kind, rows, units = situation(rng), 8, 4
    values = [np.array([[-1.0], [1.0]]), np.eye(3), np.array([[0.0], [1.0], [2.0]])][kind]
    x = values[rng.integers(0, len(values), (rows, units))].reshape(rows, -1)
    chains: list[Chain] = [(("square", 1.0),), STUDENT]
    seen = np.zeros((0, 0))
    if kind == 2:
        seen = np.where(rng.random(x.shape) < 0.4, x, np.nan)
    return {
        **projected(rng, x, rng.normal(size=5)),
        **table(chains, [2, 3]),
        "eta": rng.normal(size=x.shape),
        "values": values,
        "base": rng.normal(size=len(values)),
        "beta": rng.random(rows),
        "seen": seen,
        **KEY,
    }


def add_helper_fields(rng: Random) -> Operands:
    chains: list[Chain] = [(("softplus", 1.0),), (("logcosh", 1.0),)]
    made = projected(rng, rng.normal(size=(7, 4)), np.full(5, -1.0))
    return {**made, **table(chains, [3, 2]), **KEY, "eta": rng.normal(size=(7, 4))}


def bring_near(rng: Random) -> Operands:
    return {"u": 3 * rng.normal(size=(7, 4)), "x": rng.normal(size=(7, 3))}


def begin_steps(rng: Random) -> Operands:
    return {"memory": rng.normal(size=2)}


def begin_products(rng: Random) -> Operands:
    return {"scale": 0.3, "out": rng.normal(size=9)}


def times_entries(rng: Random) -> Operands:
    places = rng.integers(0, 12, 9)
    power = situation(rng) + 1
    return {"W": rng.normal(size=(3, 4)), "places": places, "power": power, "out": rng.random(9)}


def times_slopes(rng: Random) -> Operands:
    return times_entries(rng)


def add_entries(rng: Random) -> Operands:
    slots = rng.integers(0, 12, 9)
    return {"values": rng.normal(size=9), "slots": slots, "out": rng.normal(size=(3, 4))}


def add_entry_moments(rng: Random) -> Operands:
    return {
        "moment": rng.normal(size=(3, 4)),
        "slots": rng.integers(0, 12, 9),
        "values": rng.normal(size=9),
        "places": rng.integers(0, 10, 9),
        "scale": 0.3,
        "gradient": rng.normal(size=(2, 5)),
    }


def apply_log1p(rng: Random) -> Operands:
    return {"scale": 0.5, "value": 3 * rng.random((70, 33)), "slope": rng.normal(size=(70, 33))}


SAMPLES = {
    made.__name__: made
    for made in (
        draw_real_units,
        draw_unit_after_unit,
        add_helper_fields,
        bring_near,
        begin_steps,
        begin_products,
        times_entries,
        times_slopes,
        add_entries,
        add_entry_moments,
        apply_log1p,
    )
}
"""Kind of op → operands by name."""
