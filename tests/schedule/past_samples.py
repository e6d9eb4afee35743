"""Operands for kinds of op of a machine and its past."""

from __future__ import annotations

import numpy as np

from .expert_samples import situation

Random = np.random.Generator
Operands = dict[str, object]
SLOTS, CHAINS = 6, 7


def take_slot(rng: Random) -> Operands:
    return {"stack": rng.normal(size=(SLOTS, 3, 4)), "k": 2, "out": np.zeros((3, 4))}


def put_slot(rng: Random) -> Operands:
    return {"x": rng.normal(size=(3, 4)), "k": 2, "stack": rng.normal(size=(SLOTS, 3, 4))}


def clear_weights(rng: Random) -> Operands:
    return {"weights": rng.normal(size=(SLOTS, 3, CHAINS))}


def put_weights(rng: Random) -> Operands:
    weights = rng.normal(size=(SLOTS, 3, CHAINS))
    return {"w": rng.normal(size=CHAINS), "k": 2, "j": 1, "weights": weights}


def add_number(rng: Random) -> Operands:
    return {"x": rng.normal(size=(1, 1)), "scale": -1.0, "out": rng.normal(size=CHAINS)}


def exchange_with_past(rng: Random) -> Operands:
    """Some machines are kept; one alone; all slots are full."""
    sums = rng.normal(size=(SLOTS - 1, 3))
    sums[0, :2] = -np.inf
    return {
        "weights": rng.normal(size=(SLOTS, 3, CHAINS)),
        "uniforms": rng.random((SLOTS - 1, CHAINS)),
        "update": 3 + situation(rng),
        "kept": np.array([(3, 1, SLOTS - 1)[situation(rng)]]),
        "log_z": rng.normal(size=SLOTS),
        "sums": sums,
        "rate": rng.random(1),
        "swaps": np.ones((SLOTS - 1, CHAINS)),
    }


def swap_slots(rng: Random) -> Operands:
    return {
        "swaps": rng.integers(0, 2, (SLOTS - 1, CHAINS)),
        "kept": np.array([3]),
        "stack": rng.normal(size=(SLOTS, CHAINS, 4)),
    }


def keep_present(rng: Random) -> Operands:
    """Room for another; an even and an odd number of machines without room."""
    slots = (SLOTS, SLOTS - 1, SLOTS)[situation(rng)]
    return {
        "least": 0.5,
        "kept": np.array([(2, slots - 1, slots - 1)[situation(rng)]]),
        "log_z": rng.normal(size=slots),
        "sums": rng.normal(size=(slots - 1, 3)),
        "rate": np.array([0.3]),
        "order": np.zeros(slots, np.int64),
    }


def reorder_slots(rng: Random) -> Operands:
    return {"order": np.array([0, 2, 4, 5, 4, 5]), "stack": rng.normal(size=(SLOTS, 3, 4))}


SAMPLES = {
    made.__name__: made
    for made in (
        take_slot,
        put_slot,
        clear_weights,
        put_weights,
        add_number,
        exchange_with_past,
        swap_slots,
        keep_present,
        reorder_slots,
    )
}
"""Kind of op → operands by name."""
