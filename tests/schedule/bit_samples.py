"""Operands for kinds of op of chains that are bits."""

from __future__ import annotations

import numpy as np

import bmdsl
from bmdsl.runtime.stencil_form import StencilForm, stencil_form
from bmdsl.schedule import stencil_ops

from .samples import Operands, Random

LANES = 8


def _words(rng: Random, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(-(1 << 63), 1 << 63, shape, dtype=np.int64, endpoint=False)


def pack_bits(rng: Random) -> Operands:
    x = rng.choice([-1.0, 1.0], (150, 11))
    return {"x": x, "place": rng.permutation(20)[:11], "B": _words(rng, (20, 3))}


def unpack_bits(rng: Random) -> Operands:
    place, spin = rng.permutation(20)[:11], int(rng.integers(2))
    return {"B": _words(rng, (20, 3)), "place": place, "spin": spin, "x": np.zeros((150, 11))}


def sum_bit_terms(rng: Random) -> Operands:
    """Runs of no, one, many and two items, of one to three literals, some with another one."""
    run = np.array([0, 0, 1, 301, 303])
    count = rng.integers(1, 4, run[-1])
    both = 2 * rng.integers(0, 19, run[-1]) + rng.integers(0, 2, run[-1])
    words = int(rng.choice([3, 8, 13]))
    return {
        "B": _words(rng, (20, words)),
        "first": run,
        "weight": rng.normal(size=4),
        "start": np.concatenate([[0], np.cumsum(count)]),
        "near": rng.integers(0, 2 * 19, count.sum()),  # registers may end after the last place
        "both": np.where(rng.random(run[-1]) < 0.5, -1, both),
        "constant": 1.5,
        "x": np.zeros(64 * words),
    }


def choose_exchanges(rng: Random) -> Operands:
    return {
        "x": rng.normal(size=64 * 2 * 5),
        "first": int(rng.integers(2)),
        "uniforms": rng.random((2, 100)),
        "betas": np.sort(rng.random(5)),
        "place": rng.permuted(np.tile(np.arange(5), (100, 1)), axis=1),
        "masks": _words(rng, (4, 2)),
        "accepted": np.zeros(4),
        "tried": np.zeros(4),
    }


def swap_words(rng: Random) -> Operands:
    first = int(rng.integers(2))
    return {"first": first, "masks": _words(rng, (4, 2)), "B": _words(rng, (30, 10))}


def take_words(rng: Random) -> Operands:
    words = int(rng.integers(1, 4))
    C = np.zeros((9, words), np.int64)
    return {"B": _words(rng, (9, 5 * words)), "k": int(rng.integers(5)), "C": C}


def keep_best(rng: Random) -> Operands:
    return {
        "x": rng.normal(size=64 * 2 * 3),
        "B": _words(rng, (20, 6)),
        "now": 7,
        "best_x": rng.normal(size=128),
        "best": _words(rng, (20, 2)),
        "found": np.zeros(128),
    }


def draw_bits(rng: Random) -> Operands:
    """Two colours of units of three kinds, with no, three and two entries, the last of them of two
    units each.
    """
    many = int(rng.integers(2))
    lanes, words = (1, 16) if many else (LANES, int(rng.choice([1, 3])))
    kinds = np.repeat(rng.permutation(3), 3)
    literals = np.array([0, 3, 4])[kinds]
    begin = lanes * (np.cumsum(literals) - literals)
    wide = np.array([rng.choice([5, 8]), *rng.choice([8, 16, 32, 64, 128, 256], 2)])
    at = 32 * (np.cumsum(wide) - wide)
    own = lanes * np.arange(len(kinds))
    near = np.concatenate(
        [
            2 * rng.choice(np.setdiff1d(own, [p]), lanes * n)
            for p, n in zip(own, literals, strict=True)
        ]
    )
    near += rng.integers(0, 2, len(near))
    return {
        "B": _words(rng, (lanes * len(kinds), words)),
        "near": near,
        "tiles": np.stack([begin, kinds], axis=1),
        "classes": np.array(
            [[0, 0, wide[0], at[0]], [0, 3, wide[1], at[1]], [3, 5, wide[2], at[2]]]
        ),
        "entries": np.array([[1, 1], [1, 1], [1, 2], [2, 1], [2, 3]]),
        "table": -rng.integers(0, 2, 2 * 32 * wide.sum()),
        "level": np.repeat(rng.integers(0, 2, 2), 8) if many else rng.integers(0, 2, words),
        "valid": _words(rng, (words,)),
        "size": int(32 * wide.sum()),
        "many": many,
        "begin": np.array([0, 4, len(kinds)]),
        "part": int(rng.integers(2)),
        "seed": (3 << 32) + 7,
        "stream": 5,
        "update": 2,
        "step": 11,
        "first_chain": 1024,
    }


def draw_bits_by_fields(rng: Random) -> Operands:
    """Two colours of nine units with up to three entries, of one literal or of two."""
    count = rng.integers(0, 4, 9)
    each = rng.integers(1, 3, count.sum()) if rng.integers(2) else np.ones(count.sum(), np.int64)
    own = np.repeat(np.arange(9), count)
    other = np.repeat((own < 5) * 5, each) + rng.integers(0, 4, each.sum())
    return {
        "B": _words(rng, (9, 3)),
        "start": np.concatenate([[0], np.cumsum(count)]),
        "first": np.concatenate([[0], np.cumsum(each)]),
        "near": 2 * other + rng.integers(0, 2, len(other)),
        "weight": rng.normal(size=count.sum()),
        "constant": rng.normal(size=9),
        "scale": -rng.random(2),
        "level": rng.integers(0, 2, 3),
        "ends": np.array([0, 5, 9]),
        "part": int(rng.integers(2)),
        "seed": (3 << 32) + 7,
        "stream": 5,
        "update": 2,
        "step": 11,
        "first_chain": 1024,
    }


def count_odd(rng: Random) -> Operands:
    """Three classes: 300 tiles of single units in two runs, products of two, products of three."""
    many = int(rng.integers(2))
    lanes, words = (1, 16) if many else (LANES, int(rng.choice([1, 3])))
    tiles, units = np.array([255, 45, 7, 4]), np.array([1, 1, 2, 3])
    length = tiles * units * lanes
    return {
        "B": _words(rng, (20, words)),
        "near": rng.integers(0, 40, length.sum()),
        "runs": np.stack([np.cumsum(length) - length, tiles, units], axis=1),
        "ends": np.array([0, 2, 3, 4]),
        "many": many,
        "counts": np.zeros((3, 64 * words), np.int64),
    }


def _pairs(rng: Random) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """`many`, axes, and two groups' words in the lattice's order, at times over 255 registers."""
    many, axes = int(rng.integers(2)), np.array([int(rng.integers(2, 40)), 3, 21])
    parts, each = int(rng.integers(1, 4)), LANES if many else 1
    words = int(axes.prod()) * each + LANES
    return many, axes, _words(rng, (parts, words)), _words(rng, (parts, words))


def count_along_axes(rng: Random) -> Operands:
    many, axes, C, D = _pairs(rng)
    words = len(C) * (LANES if many else 1)
    return {
        "C": C,
        "D": D,
        "axes": axes,
        "begin": int(rng.integers(2)),
        "both": int(rng.integers(2)),
        "many": many,
        "counts": np.ones((5, 64 * words), np.int64),
    }


def count_over_chains(rng: Random) -> Operands:
    many, _, C, _ = _pairs(rng)
    words = len(C) * (LANES if many else 1)
    both = int(rng.integers(2))
    return {"C": C, "both": both, "many": many, "counts": np.ones(64 * words, np.int64)}


def count_over_planes(rng: Random) -> Operands:
    many, _, C, _ = _pairs(rng)
    units = (C.shape[1] - LANES) // (LANES if many else 1)
    planes = np.array([[units // 63, 63], [3, 21], [21, 1]])
    words = len(C) * (LANES if many else 1)
    counts = np.ones((int(planes[:, 0].sum()), 64 * words), np.int64)
    return {"C": C, "planes": planes, "many": many, "counts": counts}


def sum_over_planes(rng: Random) -> Operands:
    states = int(rng.integers(1, 4))
    x, planes = rng.normal(size=(7, 5 * 6 * states)), np.array([[5, 6], [6, 1], [1, 30]])
    return {"x": x, "planes": planes, "states": states, "out": np.ones((12 * states, 7))}


def lay_in_order(rng: Random) -> Operands:
    many = int(rng.integers(2))
    words, each = (16, LANES) if many else (3, 1)
    place, C = rng.permutation(20)[:11], np.zeros((words // each, 11 * each + LANES), np.int64)
    return {"B": _words(rng, (20, words)), "place": place, "many": many, "C": C}


def sum_along_axes(rng: Random) -> Operands:
    states = int(rng.integers(1, 4))
    x, y = rng.normal(size=(2, 7, 5 * 6 * states))
    out = np.ones((4, 7))
    return {"x": x, "y": y, "axes": np.array([5, 6]), "states": states, "begin": 1, "out": out}


def sum_over_chains(rng: Random) -> Operands:
    return {"x": rng.normal(size=(7, 30)), "out": np.ones(3)}


STENCIL = bmdsl.parse(
    "model m { visible s[3, 4] : spin  visible x[3, 4] : binary  param J  energy = - J[a,i] s[a,i]"
    " s[pad(a+1),i] s[a,wrap(i-1)] - 0.6 s[a,i] x[a,pad(i+1)] - 0.3 x[a,i] x[a,wrap(i+1)] }"
)


def _stencil(rng: Random, worth: float = 99.0) -> tuple[StencilForm, Operands]:
    machine = STENCIL.compile(backend="reference")
    machine.params["J"] = 0.3 * rng.choice([-1.0, 1.0], (3, 4))
    form = stencil_form(machine.program, machine.held_fields(), ("s", "x"), worth)
    shape = {n: form.arrays[n] for n in ("first", "phase", "shape")}
    B = np.zeros((3, form.words), np.int64)
    for group in range(2):
        stencil_ops.pack_rows_of_sites(rng.choice([0.0, 1.0], (3, 12)), group, *shape.values(), B)
    return form, {**shape, "group": int(rng.integers(2)), "B": B}


def pack_rows_of_sites(rng: Random) -> Operands:
    return {**_stencil(rng)[1], "x": rng.choice([-1.0, 1.0], (3, 12))}


def unpack_rows_of_sites(rng: Random) -> Operands:
    return {**_stencil(rng)[1], "x": np.zeros((3, 12)), "spin": int(rng.integers(2))}


def draw_eight_rows_of_sites(rng: Random) -> Operands:
    return draw_rows_of_sites(rng, 0.0)


def draw_rows_of_sites(rng: Random, worth: float = 99.0) -> Operands:
    form, shared = _stencil(rng, worth)
    return {
        **shared,
        **form.arrays,
        "table": form.table(np.array([0.5, 1.0])),
        "level": rng.integers(0, 2, 3),
        "part": int(rng.integers(form.parts)),
        "seed": (3 << 32) + 7,
        "stream": 5,
        "update": 2,
        "step": 11,
        "first_chain": 1024,
    }


def count_odd_of_sites(rng: Random) -> Operands:
    form, shared = _stencil(rng, float(rng.choice([0.0, 99.0])))
    columns = 2 * len(form.arrays["entries"]) + 2
    return {**shared, **form.arrays, "counts": np.zeros((3, columns), np.int64)}


SAMPLES = {
    made.__name__: made
    for made in (
        pack_bits,
        unpack_bits,
        sum_bit_terms,
        choose_exchanges,
        swap_words,
        keep_best,
        take_words,
        draw_bits,
        count_odd,
        count_along_axes,
        count_over_chains,
        count_over_planes,
        lay_in_order,
        sum_along_axes,
        sum_over_chains,
        sum_over_planes,
        draw_bits_by_fields,
        pack_rows_of_sites,
        unpack_rows_of_sites,
        draw_rows_of_sites,
        draw_eight_rows_of_sites,
        count_odd_of_sites,
    )
}
"""Kind of op → operands by name."""
