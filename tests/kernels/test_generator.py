"""The compiled generator gives NumPy's numbers, bit for bit, from the same key."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bmdsl.kernels import generator
from bmdsl.plan.streams import of_key

KEYS = ((5, 4097, 0, 3), (2**40 + 7, 3, 0, 0), (0, 0, 0, 0), (2**63 - 1, 2**33, 2**40, 2**35))
"""Keys of four words, of five and more, and of zeros."""
SHAPES = np.where(np.arange(500) % 7 == 0, 1.0, np.random.default_rng(0).random(500) * 3)
MANY = 20_000
"""So many that the ziggurats' rare branches are met."""
Numbers = Callable[[np.random.Generator], np.ndarray]
KINDS: dict[str, tuple[Numbers, Callable[[np.ndarray], list[float]]]] = {
    "uniform": (
        lambda n: n.random(MANY),
        lambda g: [generator.uniform(g) for _ in range(MANY)],
    ),
    "normal": (
        lambda n: n.standard_normal(MANY),
        lambda g: [generator.normal(g) for _ in range(MANY)],
    ),
    "exponential": (
        lambda n: n.standard_exponential(MANY),
        lambda g: [generator.exponential(g) for _ in range(MANY)],
    ),
    "gamma": (lambda n: n.gamma(SHAPES), lambda g: [generator.gamma(g, s) for s in SHAPES]),
    "gumbel": (lambda n: n.gumbel(size=500), lambda g: [generator.gumbel(g) for _ in range(500)]),
    "below": (
        lambda n: np.array([*n.integers(21, size=5), n.integers(10, 31), n.random()]),
        lambda g: [
            *[generator.below(g, 21) for _ in range(5)],
            10 + generator.below(g, 21),
            generator.uniform(g),
        ],
    ),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("key", KEYS)
def test_numbers_are_those_of_numpy(name: str, key: tuple[int, ...]) -> None:
    theirs, ours = KINDS[name]
    np.testing.assert_array_equal(ours(generator.generator_of(*key)), theirs(of_key(key)))


@pytest.mark.parametrize("key", KEYS)
def test_inverse_gaussian_numbers_are_those_of_numpy(key: tuple[int, ...]) -> None:
    g = generator.generator_of(*key)
    ours = [generator.inverse_gaussian(g, s, s * s) for s in SHAPES]
    np.testing.assert_allclose(ours, of_key(key).wald(SHAPES, SHAPES**2), rtol=1e-13)
