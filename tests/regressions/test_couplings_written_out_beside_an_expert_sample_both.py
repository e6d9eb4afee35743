"""Four chains and more of a model whose terms were listed ones and an expert were swept without the
expert.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy.special import softmax

import bmdsl
from tests.stats import verify_counts


def test_samples_of_two_lattices_and_a_square() -> None:
    m = bmdsl.parse(
        "model m { visible a[3] : spin  visible b[3] : spin  param M[3]  energy = - 0.3 a[i]"
        " b[wrap(i+1)] - square(M[i] a[i]) }"
    ).compile(seed=0)
    m.params["M"] = np.array([0.3, 0.4, 0.5])
    x = m.sample(4000, steps=30)
    found = np.hstack([x["a"], x["b"]])
    S = np.array(list(itertools.product((-1.0, 1.0), repeat=6)))
    p = softmax(
        0.3 * (S[:, :3] * np.roll(S[:, 3:], -1, 1)).sum(1) + (S[:, :3] @ [0.3, 0.4, 0.5]) ** 2
    )
    code = ((found > 0) @ (1 << np.arange(5, -1, -1))).astype(int)
    verify_counts(np.bincount(code, minlength=64), p)
