"""Operands for kinds of op of chains that are bits."""

from __future__ import annotations

import numpy as np

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


def draw_bits(rng: Random) -> Operands:
    """Two colours of units of three kinds, with no, three and two entries, the last of them of two
    units each.
    """
    many = int(rng.integers(2))
    lanes, words = (1, 16) if many else (LANES, 3)
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
    return {
        "B": _words(rng, (lanes * len(kinds), words)),
        "near": near + rng.integers(0, 2, len(near)),
        "tiles": np.stack([begin, kinds], axis=1),
        "classes": np.array(
            [[0, 0, wide[0], at[0]], [0, 3, wide[1], at[1]], [3, 5, wide[2], at[2]]]
        ),
        "entries": np.array([[1, 1], [1, 1], [1, 2], [2, 1], [2, 3]]),
        "table": -rng.integers(0, 2, 2 * 32 * wide.sum()),
        "level": np.repeat(rng.integers(0, 2, 2), 8) if many else rng.integers(0, 2, 3),
        "valid": _words(rng, (words,)),
        "size": int(32 * wide.sum()),
        "many": many,
        "begin": np.array([0, 4, len(kinds)]),
        "part": int(rng.integers(2)),
        "seed": (3 << 32) + 7,
        "stream": 5,
        "update": 2,
        "step": 11,
    }


SAMPLES = {made.__name__: made for made in (pack_bits, unpack_bits, draw_bits)}
"""Kind of op → operands by name."""
